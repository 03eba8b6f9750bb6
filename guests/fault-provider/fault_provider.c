// Ends each call as it is told to.
#include "fault_provider.h"
#include <stdlib.h>

struct exports_demo_fault_work_job_t {
  uint32_t runs;
};

static uint32_t calls = 0;

/// Comes back when there is something to return; true for an answer.
static bool end(exports_demo_fault_work_ending_t how) {
  ++calls;
  if (how == EXPORTS_DEMO_FAULT_WORK_ENDING_TRAP) __builtin_trap();
  volatile uint32_t turns = 0;
  if (how == EXPORTS_DEMO_FAULT_WORK_ENDING_SPIN)
    for (;;) ++turns;
  return how != EXPORTS_DEMO_FAULT_WORK_ENDING_REFUSE;
}

bool exports_demo_fault_work_optional_text(exports_demo_fault_work_ending_t how, uint32_t* ret,
                                           exports_demo_fault_work_error_code_t* err) {
  err->tag = EXPORTS_DEMO_FAULT_WORK_ERROR_CODE_BUSY;
  if (!end(how)) return false;
  *ret = calls;
  return true;
}

bool exports_demo_fault_work_text(exports_demo_fault_work_ending_t how, fault_provider_string_t* ret,
                                  exports_demo_fault_work_failure_t* err) {
  err->tag = EXPORTS_DEMO_FAULT_WORK_FAILURE_LATE;
  err->val.late = 7;
  if (!end(how)) return false;
  fault_provider_string_dup(ret, "fine");
  if (how == EXPORTS_DEMO_FAULT_WORK_ENDING_NONSENSE) ret->ptr[0] = 0xFF;
  return true;
}

bool exports_demo_fault_work_label(exports_demo_fault_work_ending_t how, uint32_t* ret,
                                   exports_demo_fault_work_code_t* err) {
  *err = EXPORTS_DEMO_FAULT_WORK_CODE_BUSY;
  if (!end(how)) return false;
  *ret = calls;
  return true;
}

bool exports_demo_fault_work_unrelated(exports_demo_fault_work_ending_t how, uint32_t* ret,
                                       exports_demo_fault_work_denial_t* err) {
  err->tag = EXPORTS_DEMO_FAULT_WORK_DENIAL_CLOSED;
  if (!end(how)) return false;
  *ret = calls;
  return true;
}

uint32_t exports_demo_fault_work_plain(exports_demo_fault_work_ending_t how) {
  end(how);
  return calls;
}

exports_demo_fault_work_own_job_t exports_demo_fault_work_constructor_job(void) {
  return exports_demo_fault_work_job_new(calloc(1, sizeof(exports_demo_fault_work_job_t)));
}

bool exports_demo_fault_work_method_job_run(exports_demo_fault_work_borrow_job_t self,
                                            exports_demo_fault_work_ending_t how, uint32_t* ret,
                                            exports_demo_fault_work_error_code_t* err) {
  err->tag = EXPORTS_DEMO_FAULT_WORK_ERROR_CODE_BUSY;
  if (!end(how)) return false;
  *ret = ++self->runs;
  return true;
}

void exports_demo_fault_work_job_destructor(exports_demo_fault_work_job_t* job) { free(job); }
