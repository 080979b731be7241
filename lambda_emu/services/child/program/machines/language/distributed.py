"""Maps whose items are executions of their own: in batches, and failed when more of them fail than is tolerated."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from moto.stepfunctions.parser.api import HistoryEventType
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent, FailureEventException
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import StatesErrorNameType
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration import distributed_iteration_component
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.itemprocessor import (
    distributed_item_processor_worker,
)
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.iterator import distributed_iterator_worker
from moto.stepfunctions.parser.asl.component.state.exec.state_map.iteration.job import JobPool
from moto.stepfunctions.parser.asl.eval.event.event_manager import EventManager
from moto.stepfunctions.parser.asl.eval.program_state import ProgramError, ProgramStopped
from moto.stepfunctions.parser.asl.utils.json_path import extract_json

from lambda_emu.services.child.program.machines.language.jsonata import evaluate

TOO_MANY_FAILED = "The specified tolerated failure threshold was exceeded"
BATCHER = "ItemBatcher"
MOST_BATCH_BYTES = 256 * 1024


class Batch(list[Any]):
    """Items that are one input. given: what comes with them; None: nothing. first: the index of its first one."""

    given: Any = None
    first = 0


class Failed:
    """What an item comes to whose execution fails."""


class Quiet(EventManager):
    """Of executions whose history nobody is told."""

    def _publish_history_event(self, *_: Any, **__: Any) -> None:
        pass


def replace_distributed() -> None:
    component: Any = distributed_iteration_component
    component.EventManager = Quiet
    component.DistributedIterationComponent._map_run = _run
    workers: Any = (
        distributed_item_processor_worker.DistributedItemProcessorWorker,
        distributed_iterator_worker.DistributedIteratorWorker,
    )
    for worker in workers:
        worker._eval_job, worker._eval_pool = _run_one, _run_some


def _run(self: Any, env: Any, eval_input: Any) -> None:
    """By moto's names, as all of these. FailureEventException: too many failed."""
    items, record = env.stack.pop(), eval_input.map_run_record
    batcher = getattr(self, "batcher", None)
    inputs = items if batcher is None else list(_batches(items, batcher, env))
    pool = JobPool(job_program=self._get_iteration_program(), job_inputs=inputs)
    for _ in range(record.max_concurrency or len(inputs)):
        self._launch_worker(env=env, eval_input=eval_input, job_pool=pool)
    pool.await_jobs()
    error = pool.get_worker_exception()
    if error is not None:
        raise error
    results = [job.job_output for job in pool.get_closed_jobs()]
    failed = sum(isinstance(result, Failed) for result in results)
    if _is_too_many(failed, 100 * failed / (len(results) or 1), record):
        name = StatesErrorName(typ=StatesErrorNameType.StatesExceedToleratedFailureThreshold)
        details: Any = {"mapRunFailedEventDetails": {"error": name.error_name, "cause": TOO_MANY_FAILED}}
        raise FailureEventException(FailureEvent(env, name, HistoryEventType.MapRunFailed, details))
    env.stack.append([result for result in results if not isinstance(result, Failed)])


def _is_too_many(failed: int, percent: float, record: Any) -> bool:
    """Where nothing is said none may fail; where both are said neither may be exceeded."""
    most, most_percent = record.tolerated_failure_count, record.tolerated_failure_percentage
    if not most and not most_percent:
        return failed > 0
    return bool((most and failed > most) or (most_percent and percent > most_percent))


def _run_one(self: Any, env: Any, job: Any) -> None:
    counters = self._map_run_record.item_counter, self._map_run_record.execution_counter
    for counter in counters:
        counter.total.count()
        counter.running.count()
    job.job_output, env.step = Failed(), job.job_index
    ending = "failed"
    try:
        _give_input(self, env, job)
        job.job_program.eval(env)
        state = env.program_state()
        if isinstance(state, ProgramStopped):
            ending = "aborted"
        elif not isinstance(state, ProgramError):
            ending = "succeeded"
            job.job_output = env.states.get_input()
    except Exception:  # noqa: BLE001 - of one item, whose execution has failed by it
        ending = "failed"
    for counter in counters:
        getattr(counter, ending).count()
        counter.running.offset(-1)
        if ending == "succeeded":
            counter.results_written.count()


def _give_input(worker: Any, env: Any, job: Any) -> None:
    if not isinstance(job.job_input, Batch):
        _select(worker, env, job.job_index, job.job_input)
        return
    selected = []
    for index, item in enumerate(job.job_input, job.job_input.first):
        _select(worker, env, index, item)
        selected.append(env.states.get_input())
    given = {} if job.job_input.given is None else {"BatchInput": job.job_input.given}
    env.states.reset(given | {"Items": selected})


def _select(worker: Any, env: Any, index: int, item: Any) -> None:
    env.states.context_object.context_object_data["Map"] = {"Item": {"Index": index, "Value": item}}
    env.states.reset(item)
    env.stack.append(env.states.get_input())
    worker._eval_input(env_frame=env)


def _run_some(self: Any, job: Any, worker_frame: Any) -> None:
    while job is not None and not self.stopped():
        frame = worker_frame.open_inner_frame()
        self._eval_job(env=frame, job=job)
        worker_frame.delete_frame(frame)
        following = self._job_pool.next_job()
        self._job_pool.close_job(job)
        job = following


# -- batches ---------------------------------------------------------------------------------------


def _batches(items: list[Any], batcher: Mapping[str, Any], env: Any) -> Iterator[Batch]:
    """batcher: as the definition has it."""
    given = env.states.get_input()
    most = _number(batcher, "MaxItemsPerBatch", env, len(items) or 1)
    most_bytes = _number(batcher, "MaxInputBytesPerBatch", env, MOST_BATCH_BYTES)
    with_it = None if "BatchInput" not in batcher else _filled(batcher["BatchInput"], given, env)
    batch, size = Batch(), 0
    for index, item in enumerate(items):
        more = len(json.dumps(item).encode())
        if batch and (len(batch) >= most or size + more > most_bytes):
            batch.given = with_it
            yield batch
            batch, size = Batch(), 0
            batch.first = index
        batch.append(item)
        size += more
    if batch:
        batch.given = with_it
        yield batch


def _number(batcher: Mapping[str, Any], name: str, env: Any, otherwise: int) -> int:
    if f"{name}Path" in batcher:
        return int(extract_json(batcher[f"{name}Path"], env.states.get_input()))
    return int(_filled(batcher[name], None, env)) if name in batcher else otherwise


def _filled(template: Any, given: Any, env: Any) -> Any:
    """With what its paths and expressions lead to."""
    if isinstance(template, list):
        return [_filled(part, given, env) for part in template]
    if isinstance(template, dict):
        return {
            name.removesuffix(".$"): extract_json(part, given) if name.endswith(".$") else _filled(part, given, env)
            for name, part in template.items()
        }
    if isinstance(template, str) and template.startswith("{%") and template.endswith("%}"):
        store = env.variable_store
        variables = {**store._outer_scope, **store._inner_scope, "states": env.states._states_data}
        return evaluate(template[2:-2].strip(), variables)
    return template
