// Says what it sees of calls that end well, in an error, or in a crash of the other side.
#include "fault_consumer.h"

#include <charconv>
#include <string>
#include <string_view>

namespace {

std::string text_of(std::uint32_t value) {
  char digits[10];
  return {digits, std::to_chars(digits, digits + sizeof digits, value).ptr};
}

std::string text_of(fault_consumer_string_t& text) {
  std::string out(reinterpret_cast<const char*>(text.ptr), text.len);
  fault_consumer_string_free(&text);
  return out;
}

std::string text_of(demo_fault_work_error_code_t& error) {
  if (error.tag == DEMO_FAULT_WORK_ERROR_CODE_BUSY) return "busy";
  auto& why = error.val.internal_error;
  return "internal-error: " + (why.is_some ? text_of(why.val) : std::string("nothing said"));
}

std::string tell_job(demo_fault_work_borrow_job_t job, demo_fault_work_ending_t how) {
  std::uint32_t value;
  demo_fault_work_error_code_t error;
  return demo_fault_work_method_job_run(job, how, &value, &error) ? text_of(value) : text_of(error);
}

std::string tell(exports_demo_fault_report_function_t what, demo_fault_work_ending_t how) {
  std::uint32_t value;
  switch (what) {
    case EXPORTS_DEMO_FAULT_REPORT_FUNCTION_OPTIONAL_TEXT: {
      demo_fault_work_error_code_t error;
      return demo_fault_work_optional_text(how, &value, &error) ? text_of(value) : text_of(error);
    }
    case EXPORTS_DEMO_FAULT_REPORT_FUNCTION_TEXT: {
      fault_consumer_string_t text;
      demo_fault_work_failure_t error;
      if (demo_fault_work_text(how, &text, &error)) return text_of(text);
      if (error.tag == DEMO_FAULT_WORK_FAILURE_CLOSED) return "closed";
      if (error.tag == DEMO_FAULT_WORK_FAILURE_LATE) return "late " + text_of(error.val.late);
      return "internal-error: " + text_of(error.val.internal_error);
    }
    case EXPORTS_DEMO_FAULT_REPORT_FUNCTION_LABEL: {
      demo_fault_work_code_t error;
      if (demo_fault_work_label(how, &value, &error)) return text_of(value);
      return error == DEMO_FAULT_WORK_CODE_BUSY ? "busy" : "internal-error";
    }
    case EXPORTS_DEMO_FAULT_REPORT_FUNCTION_UNRELATED: {
      demo_fault_work_denial_t error;
      if (demo_fault_work_unrelated(how, &value, &error)) return text_of(value);
      return error.tag == DEMO_FAULT_WORK_DENIAL_CLOSED ? "closed" : "other: " + text_of(error.val.other);
    }
    default:
      return text_of(demo_fault_work_plain(how));
  }
}

}  // namespace

void exports_demo_fault_report_tell(exports_demo_fault_report_function_t what,
                                    exports_demo_fault_report_ending_t how, fault_consumer_string_t* ret) {
  std::string said;
  if (what == EXPORTS_DEMO_FAULT_REPORT_FUNCTION_JOB) {
    const auto job = demo_fault_work_constructor_job();
    const auto borrowed = demo_fault_work_borrow_job(job);
    said = tell_job(borrowed, how) + "; then " + tell_job(borrowed, DEMO_FAULT_WORK_ENDING_ANSWER);
    demo_fault_work_job_drop_own(job);
  } else {
    said = tell(what, how) + "; then " + tell(what, DEMO_FAULT_WORK_ENDING_ANSWER);
  }
  fault_consumer_string_dup_n(ret, said.data(), said.size());
}
