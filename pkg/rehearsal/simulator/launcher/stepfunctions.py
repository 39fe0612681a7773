"""Step Functions' API: executions that run, end, and say so."""

import copy
import json
import re
import threading
import time
import uuid

from moto.core.config import default_user_config
from moto.core.responses import ActionResult
from moto.stepfunctions import models, responses
from moto.stepfunctions.exceptions import InvalidExecutionInput, InvalidName, ValidationException
from moto.stepfunctions.parser import models as parser_models
from moto.stepfunctions.parser.api import ExecutionStatus, HistoryEventType
from moto.stepfunctions.parser.asl.eval.program_state import ProgramEnded, ProgramError, ProgramTimedOut
from moto.stepfunctions.parser.asl.utils.encoding import to_json_str
from moto.stepfunctions.parser.backend import execution as running

from . import clock, events, interpreter, mending, references

# Characters that the name of an execution may not have:
# https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
FORBIDDEN = re.compile(r"""[\s<>{}\[\]?*"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f\ufffe\uffff\ud800-\udfff]""")

# UTF-8 bytes of an execution's input, from the same page.
INPUT_LIMIT = 262_144

# Guards which executions there are and how each ended.
_executions = threading.RLock()


def mend():
    interpreter.mend()
    mend_backends()
    mending.replace(parser_models.StepFunctionsParserBackend, "start_execution", start)
    mending.replace(running.Execution, "get_start_execution_details", start_details)
    mending.replace(running.BaseExecutionWorkerCommunication, "_reflect_execution_status", end)
    mending.replace(responses.StepFunctionResponse, "stop_execution", answer_stop)
    mending.replace(responses.StepFunctionResponse, "describe_execution", answer_describe)
    mending.replace(responses.StepFunctionResponse, "get_execution_history", answer_history)


def mend_backends():
    """moto executes a machine only when told to, invokes Lambda over HTTP only
    when told that it has Docker (else Invoke echoes its payload), and keeps the
    machines that CloudFormation makes where they cannot be executed. On AWS
    there is one Step Functions. We turn both on, and let CloudFormation, which
    looks the backend up in moto.stepfunctions.models, find the executing one."""
    default_user_config["stepfunctions"] = {"execute_state_machine": True}
    default_user_config["lambda"] = {"use_docker": True}
    references.put(models, "stepfunctions_backends", parser_models.stepfunctions_parser_backends)


def start(moto, self, state_machine_arn, name=None, execution_input=None, trace_header=None):
    """StartExecution. moto copies the machine with all its executions, which
    fails once one has run; gives every unnamed execution the same ARN; looks for
    the name and takes it in two steps; checks neither name nor size. AWS answers
    the same name and input with the running execution, and ExecutionAlreadyExists
    when either the input differs or the execution is over. We do as AWS.
    https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html"""
    machine = self.describe_state_machine(state_machine_arn)
    # A version's executions are its machine's: they share one space of names.
    owner = machine if isinstance(machine, models.StateMachine) else self.describe_state_machine(machine.source_arn)
    name = check_name(name) if name is not None else str(uuid.uuid4())
    sent = check_input(execution_input if execution_input is not None else "{}")
    definition = copy.copy(machine)
    definition.executions = []
    with _executions:
        existing = owner._handle_name_input_idempotency(name, sent)
        if existing is not None:
            return existing
        execution = running.Execution(
            name=name,
            sm_type=definition.sm_type,
            role_arn=definition.roleArn,
            exec_arn=f"arn:{self.partition}:states:{self.region_name}:{self.account_id}:execution:{owner.name}:{name}",
            account_id=self.account_id,
            region_name=self.region_name,
            state_machine=definition,
            start_date=clock.utc(),
            cloud_watch_logging_session=None,
            input_data=sent,
            trace_header=trace_header,
            activity_store={},
        )
        execution.exec_status = ExecutionStatus.RUNNING
        execution.start()
        owner.executions.append(execution)
    announce(execution)
    return execution


def check_name(name):
    if not 1 <= len(name) <= 80:
        bound = "less than or equal to 80" if name else "greater than or equal to 1"
        raise ValidationException(
            f"1 validation error detected: Value '{name}' at 'name' failed to satisfy constraint: "
            f"Member must have length {bound}"
        )
    if FORBIDDEN.search(name):
        raise InvalidName(f"Invalid Name: '{name}'")
    return name


def check_input(text):
    if len(text.encode()) > INPUT_LIMIT:
        raise ValidationException(
            "1 validation error detected: Value at 'input' failed to satisfy constraint: "
            f"Member must have length less than or equal to {INPUT_LIMIT}"
        )
    try:
        json.loads(text)
    except ValueError as err:
        raise InvalidExecutionInput(f"Invalid State Machine Execution Input: '{err}'") from err
    return text


def start_details(moto, self):
    """$$.Execution.StartTime. moto's is a datetime, which no output can hold: the
    state that uses it makes DescribeExecution answer 500. AWS's is a string.
    https://docs.aws.amazon.com/step-functions/latest/dg/input-output-contextobject.html"""
    details = moto(self)
    details.start_time = self.start_date.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    return details


def end(moto, self):
    """An execution's end. moto sets the status before the output, so that a
    reader may see the one without the other, and overwrites ABORTED with what
    the stopped worker ends with later. We set the status last, and only once."""
    execution = self.execution
    env = execution.exec_worker.env
    state = env.program_state()
    with _executions:
        if execution.exec_status != ExecutionStatus.RUNNING:
            return
        execution.stop_date = clock.utc()
        if isinstance(state, ProgramEnded):
            # A string, as DescribeExecution would add blanks to anything else.
            execution.output = to_json_str(env.states.get_input(), separators=(",", ":"))
            execution.exec_status = ExecutionStatus.SUCCEEDED
        elif isinstance(state, ProgramTimedOut):
            env.event_manager.add_event(env.event_history_context, HistoryEventType.ExecutionTimedOut, {})
            execution.exec_status = ExecutionStatus.TIMED_OUT
        elif isinstance(state, ProgramError):
            execution.error = state.error.get("error")
            execution.cause = state.error.get("cause")
            execution.exec_status = ExecutionStatus.FAILED
        else:
            raise RuntimeError(f"execution {execution.name} ended as {type(state).__name__}")
    announce(execution)


def answer_stop(moto, self):
    """StopExecution. moto forgets error and cause, and the execution runs on
    until its task has answered. On AWS it is ABORTED at once, with both; a
    function that was invoked runs on, and nobody hears its answer.
    https://docs.aws.amazon.com/step-functions/latest/apireference/API_StopExecution.html"""
    execution = self.stepfunction_backend.describe_execution(self._get_param("executionArn"))
    error, cause = self._get_param("error"), self._get_param("cause")
    with _executions:
        stopped = execution.exec_status == ExecutionStatus.RUNNING
        if stopped:
            execution.error, execution.cause = error, cause
            execution.stop_date = clock.utc()
            execution.exec_status = ExecutionStatus.ABORTED
    if stopped:
        halt(execution, error, cause)
        announce(execution)
    return ActionResult({"stopDate": execution.stop_date})


def halt(execution, error, cause):
    """End the history and wake the worker, whose thread may not have begun yet."""
    worker = execution.exec_worker
    for _ in range(1000):
        if worker.env is not None and worker.env.is_running():
            break
        time.sleep(0.005)
    else:
        return
    env = worker.env
    env.event_manager.add_event(
        env.event_history_context,
        HistoryEventType.ExecutionAborted,
        {"executionAbortedEventDetails": {"error": error, "cause": cause}},
    )
    env.set_stop(stop_date=execution.stop_date, error=error, cause=cause)


def answer_describe(moto, self):
    """DescribeExecution. moto leaves out when a timed-out execution ended."""
    answer = moto(self)
    execution = self.stepfunction_backend.describe_execution(self._get_param("executionArn"))
    if execution.stop_date is not None:
        answer.result["stopDate"] = execution.stop_date
    return answer


def answer_history(moto, self):
    """GetExecutionHistory. moto answers all events in one page, oldest first,
    whatever was asked. AWS pages by 100, or maxResults up to 1,000, and gives the
    newest first with reverseOrder. The token is the id of the page's last event,
    so that a history that grows meanwhile neither skips nor repeats one.
    https://docs.aws.amazon.com/step-functions/latest/apireference/API_GetExecutionHistory.html"""
    execution = self.stepfunction_backend.describe_execution(self._get_param("executionArn"))
    size = min(int(self._get_param("maxResults") or 100), 1000)
    token = self._get_param("nextToken")
    env = execution.exec_worker.env
    history = env.event_manager._history_event_list if env is not None else []
    if self._get_param("reverseOrder"):
        newest = len(history) if token is None else int(token) - 1
        page = history[max(newest - size, 0) : newest][::-1]
        more = newest > size
    else:
        oldest = 0 if token is None else int(token)
        page = history[oldest : oldest + size]
        more = oldest + size < len(history)
    answer = {"events": page}
    if more:
        answer["nextToken"] = str(page[-1]["id"])
    return ActionResult(answer)


def announce(execution):
    """Put a status-change event on the default bus. moto does not. AWS does when
    an execution starts and when it ends; startDate and stopDate are milliseconds.
    https://docs.aws.amazon.com/step-functions/latest/dg/eventbridge-integration.html"""
    events.emit(
        account=execution.account_id,
        region=execution.region_name,
        source="aws.states",
        detail_type="Step Functions Execution Status Change",
        resources=[execution.exec_arn],
        detail={
            "executionArn": execution.exec_arn,
            "stateMachineArn": execution.state_machine_arn,
            "stateMachineVersionArn": None,
            "stateMachineAliasArn": None,
            "name": execution.name,
            "status": execution.status,
            "startDate": int(execution.start_date.timestamp() * 1000),
            "stopDate": int(execution.stop_date.timestamp() * 1000) if execution.stop_date else None,
            "input": execution.execution_input,
            "inputDetails": {"included": True},
            "output": execution.output,
            "outputDetails": {"included": True} if execution.output is not None else None,
            "error": execution.error,
            "cause": execution.cause,
            "redriveCount": 0,
            "redriveDate": None,
            "redriveStatus": "NOT_REDRIVABLE",
        },
    )
