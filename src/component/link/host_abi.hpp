#pragma once

/// How C++ types stand for WIT types in host functions: layout, lifting and lowering generated per type, no
/// boxed values. Layouts are those of 32-bit memories; the linker refuses others for host functions.
#include "component/link/wit.hpp"
#include "component/link/wit_channels.hpp"
#include "component/link/wit_declare.hpp"
#include "component/link/wit_labels.hpp"
#include "component/link/wit_lists.hpp"
#include "component/link/wit_numbers.hpp"
#include "component/link/wit_records.hpp"
#include "component/link/wit_resources.hpp"
#include "component/link/wit_strings.hpp"
#include "component/link/wit_variants.hpp"
