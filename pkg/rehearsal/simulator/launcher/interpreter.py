"""Step Functions' interpreter: waits, timeouts, errors, limits and speed."""

import copy
import functools
import threading
import time
import types

from botocore.exceptions import BotoCoreError
from moto.stepfunctions.parser.api import HistoryEventType
from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import CustomErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.error_equals_decl import ErrorEqualsDecl
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent, FailureEventException
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import StatesErrorNameType
from moto.stepfunctions.parser.asl.component.common.path import result_path
from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl
from moto.stepfunctions.parser.asl.component.eval_component import EvalComponent
from moto.stepfunctions.parser.asl.component.program.program import Program
from moto.stepfunctions.parser.asl.component.state.choice.comparison import comparison_variable
from moto.stepfunctions.parser.asl.component.state.choice.comparison.comparison_operator_type import (
    ComparisonOperatorType,
)
from moto.stepfunctions.parser.asl.component.state.choice.comparison.variable import NoSuchVariable, Variable
from moto.stepfunctions.parser.asl.component.state.exec import execute_state
from moto.stepfunctions.parser.asl.component.state.exec.state_parallel import branches_decl
from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service_lambda import (
    StateTaskServiceLambda,
)
from moto.stepfunctions.parser.asl.component.state.wait.wait_function.wait_function import WaitFunction
from moto.stepfunctions.parser.asl.eval.callback import callback
from moto.stepfunctions.parser.asl.eval.event.event_manager import EventManager
from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser
from moto.stepfunctions.parser.asl.utils import boto_client, json_path

from . import calls, clock, mending, references

# Events in the history of one execution:
# https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html
HISTORY_LIMIT = 25_000

# Real seconds that a task has at least, whatever the scale: a function runs in
# real time, and so do the timeouts of the calls that it makes. A TimeoutSeconds
# below this is kept as it is.
TASK_FLOOR = 15

ENDS = (
    HistoryEventType.ExecutionSucceeded,
    HistoryEventType.ExecutionFailed,
    HistoryEventType.ExecutionAborted,
    HistoryEventType.ExecutionTimedOut,
)

# Not caught by States.ALL.
TERMINAL_ERRORS = (
    StatesErrorNameType.StatesRuntime.to_name(),
    StatesErrorNameType.StatesStatesDataLimitExceeded.to_name(),
)


def mend():
    mending.replace(WaitFunction, "_wait_interval", wait)
    mending.replace(Program, "eval", run_program)
    mending.replace(ErrorEqualsDecl, "_eval_body", match_error)
    mending.replace(Variable, "_eval_body", read_choice_variable)
    mending.replace(comparison_variable.ComparisonVariable, "_eval_body", compare)
    mending.replace(EventManager, "_publish_history_event", publish)
    mending.replace(StateTaskServiceLambda, "_from_error", name_error)
    mend_time_of_tasks()
    mend_branch_errors()
    mend_speed()


def wait(moto, self, env, wait_seconds):
    """A Wait state. moto waits in real seconds, rounded, and would sleep through
    a jump of the clock. On AWS a Wait ends when its time is over, or at once when
    the execution is stopped. We wait in data time and look whether we still run.
    https://docs.aws.amazon.com/step-functions/latest/dg/state-wait.html"""

    def block(timeout):
        env.program_state_event.wait(timeout)
        return not env.is_running()

    clock.wait(wait_seconds, block)


def run_program(moto, self, env):
    """A machine, or a branch of a Parallel. moto counts the machine's
    TimeoutSeconds in real time; AWS's time is data time here. As before, the
    states run in a thread of their own when there is a timeout, so that it is
    kept even while a task does not answer; a branch needs no such thread.
    https://docs.aws.amazon.com/step-functions/latest/dg/statemachine-structure.html"""
    env.next_state_name = self.start_at.start_at_name
    if self.timeout_seconds is None:
        EvalComponent.eval(self, env)
        return
    states = threading.Thread(target=EvalComponent.eval, args=(self, env), daemon=True)
    states.start()

    def ended(timeout):
        states.join(timeout)
        return not states.is_alive()

    if not clock.wait(self.timeout_seconds.timeout_seconds, ended):
        env.set_timed_out()


class TaskEnd(clock.Event):
    """What a Task state waits for: in data time, but never under the floor."""

    def wait(self, timeout=None):
        began = time.monotonic()
        if super().wait(timeout):
            return True
        floor = min(timeout, TASK_FLOOR) - (time.monotonic() - began)
        return floor > 0 and threading.Event.wait(self, floor)


def mend_time_of_tasks():
    """Timeouts, heartbeats and retry intervals. moto counts them in real seconds.
    AWS counts in its time, which is data time here; the events that quote
    TimeoutSeconds must still quote what the definition says, so we replace what
    waits and leave the numbers alone.
    https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html"""
    references.put(execute_state, "threading", types.SimpleNamespace(Event=TaskEnd))
    references.put(callback, "Event", clock.Event)
    references.put(retrier_decl, "time", types.SimpleNamespace(sleep=clock.sleep))


def match_error(moto, self, env):
    """ErrorEquals of a Retry or Catch. In moto States.ALL matches every error.
    On AWS neither States.Runtime nor States.DataLimitExceeded is matched by it:
    they end the execution. We say no to those two and leave the rest to moto.
    https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html"""
    everything = ErrorEqualsDecl._STATE_ALL_ERROR in self.error_names
    if everything and env.stack[-1].error_name in TERMINAL_ERRORS:
        env.stack[-1] = False
        return
    moto(self, env)


def read_choice_variable(moto, self, env):
    """moto turns any failure to read a Choice's Variable into "no such variable",
    and drops which path it was. We keep moto's, and remember the path."""
    moto(self, env)
    if isinstance(env.stack[-1], NoSuchVariable):
        env.stack[-1].literal = self.string_sampler.literal_value


def compare(moto, self, env):
    """A rule of a Choice. In moto a rule whose Variable does not exist is false,
    so that the Choice goes on to its Default. On AWS it ends the execution with
    States.Runtime; only IsPresent may ask for what is not there. We do as AWS.
    https://docs.aws.amazon.com/step-functions/latest/dg/state-choice.html"""
    self.variable.eval(env)
    found = env.stack[-1]
    asks = self.comparison_function.operator_type
    if isinstance(found, NoSuchVariable) and asks != ComparisonOperatorType.IsPresent:
        raise runtime_error(
            env, f"Invalid path '{found.literal}': The choice state's condition path references an invalid value."
        )
    self.comparison_function.eval(env)


def runtime_error(env, cause):
    name = StatesErrorName(typ=StatesErrorNameType.StatesRuntime)
    details = {"executionFailedEventDetails": {"error": name.error_name, "cause": cause}}
    return FailureEventException(FailureEvent(env, name, HistoryEventType.ExecutionFailed, details))


class HistoryFull(FailureEventException):
    """The execution may not make another event, so it ends. It is raised again by
    every event that someone still tries to make, which is why nothing catches it."""

    def __init__(self):
        self.failure_event = types.SimpleNamespace(
            error_name=StatesErrorName(typ=StatesErrorNameType.StatesRuntime),
            event_type=HistoryEventType.TaskFailed,
            event_details={"taskFailedEventDetails": self.get_execution_failed_event_details()},
        )

    def get_execution_failed_event_details(self):
        return {
            "error": StatesErrorNameType.StatesRuntime.to_name(),
            "cause": f"The execution reached the maximum number of history events ({HISTORY_LIMIT}).",
        }


def publish(moto, self, event_id, source_event_id, event_type, timestamp, event_details):
    """The history. moto's has no limit and goes on after the execution has been
    stopped. AWS ends an execution that reaches 25,000 events, the last of which
    says so, and nothing follows the event that ends an execution. We do as AWS;
    moto calls this with the history's lock held.
    https://docs.aws.amazon.com/step-functions/latest/dg/service-quotas.html"""
    if getattr(self, "ended", False):
        return
    if event_type in ENDS:
        self.ended = True
    elif event_id >= HISTORY_LIMIT:
        self._event_id_gen._next_id = HISTORY_LIMIT
        raise HistoryFull()
    moto(self, event_id, source_event_id, event_type, timestamp, event_details)


def name_error(moto, self, env, ex):
    """The error of a task that could not reach Lambda. moto makes it a
    States.Runtime, which nothing catches. On AWS it is Lambda.SdkClientException,
    which every Retry of a Lambda task should name.
    https://docs.aws.amazon.com/step-functions/latest/dg/sfn-best-practices.html"""
    if not isinstance(ex, BotoCoreError):
        return moto(self, env, ex)
    error = "Lambda.SdkClientException"
    details = {
        "error": error,
        "cause": str(ex),
        "resource": self._get_sfn_resource(),
        "resourceType": self._get_sfn_resource_type(),
    }
    return FailureEvent(
        env, CustomErrorName(error), HistoryEventType.TaskFailed, {"taskFailedEventDetails": details}
    )


def mend_branch_errors():
    """The error of a failed branch. moto refuses to name a Parallel's error
    States.…, so a branch that ended with States.Timeout becomes a States.Runtime
    that nothing catches. On AWS the Parallel fails with its branch's error.
    https://docs.aws.amazon.com/step-functions/latest/dg/state-parallel.html"""

    def name(error_name):
        if (error_name or "").startswith("States."):
            return StatesErrorName.from_name(error_name)
        return CustomErrorName(error_name)

    references.put(branches_decl, "CustomErrorName", name)


def mend_speed():
    """moto parses each JSONPath whenever it is used, makes a client of Lambda,
    with its connections, for each task, and parses the definition again for each
    execution (0.2 s of real time at best, so 12 s of data time at a scale of 60):
    13 transitions a second. All three can be kept: a parsed path has no state, a
    client may be shared by threads, and of a parsed definition each execution
    gets a copy. The client signs as the machine's role, which AWS would assume."""
    for module in (json_path, result_path):
        references.put(module, "parse", functools.cache(module.parse))
    parse = functools.lru_cache(maxsize=64)(AmazonStateLanguageParser.parse)

    def parse_once(definition):
        program, tree = parse(definition)
        return copy.deepcopy(program), tree

    references.put(AmazonStateLanguageParser, "parse", staticmethod(parse_once))
    references.swap(boto_client, "boto_client_for", client_for)


def client_for(region, service, state_credentials=None):
    role = state_credentials.role_arn.rpartition("/")[2] if state_credentials else "states.amazonaws.com"
    return calls.client(service, region, role)
