"""What the interpreter makes of a definition, where moto's makes something else than AWS."""

from __future__ import annotations

import json
from typing import Any

from moto.stepfunctions.parser.api import HistoryEventType
from moto.stepfunctions.parser.asl.antlr.runtime.ASLLexer import ASLLexer
from moto.stepfunctions.parser.asl.antlt4utils import antlr4utils
from moto.stepfunctions.parser.asl.component.common import parargs
from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import CustomErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.error_name import ErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.failure_event import FailureEvent, FailureEventException
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name import StatesErrorName
from moto.stepfunctions.parser.asl.component.common.error_name.states_error_name_type import StatesErrorNameType
from moto.stepfunctions.parser.asl.component.common.jsonata import (
    jsonata_template_binding,
    jsonata_template_value_array,
    jsonata_template_value_object,
    jsonata_template_value_terminal,
)
from moto.stepfunctions.parser.asl.component.common.string import string_expression
from moto.stepfunctions.parser.asl.component.state.choice.comparison.comparison_operator_type import (
    ComparisonOperatorType,
)
from moto.stepfunctions.parser.asl.component.state.choice.comparison.comparison_variable import ComparisonVariable
from moto.stepfunctions.parser.asl.component.state.choice.comparison.variable import NoSuchVariable
from moto.stepfunctions.parser.asl.component.state.choice.state_choice import StateChoice
from moto.stepfunctions.parser.asl.eval.variable_store import VariableStore
from moto.stepfunctions.parser.asl.parse import preprocessor

NO_NEXT = "Failed to transition out of the state. The state does not point to a next state."
NO_VALUE = "Invalid path '{path}': The choice state's condition path references an invalid value."
UNNAMED = (
    jsonata_template_value_array.JSONataTemplateValueArray,
    jsonata_template_value_object.JSONataTemplateValueObject,
    jsonata_template_value_terminal.JSONataTemplateValueTerminalLit,
    jsonata_template_value_terminal.JSONataTemplateValueTerminalStringJSONata,
    string_expression.StringJSONata,
)
"""Parts of a field, which is what an error names."""


def replace_definitions() -> None:
    words: Any = preprocessor
    words.from_string_literal = _text_of
    words.Preprocessor._inner_string_of = staticmethod(_text_or_null)
    for part in UNNAMED:
        _name_field(part, None)
    _name_field(parargs.Arguments, "Arguments")
    binding: Any = jsonata_template_binding.JSONataTemplateBinding
    binding._field_name = lambda _: None
    binding._eval_body = _bind
    choice: Any = StateChoice
    choice._eval_state = _choose(choice._eval_state)
    compared: Any = ComparisonVariable
    compared._eval_body = _compare
    named: Any = CustomErrorName
    named.__init__ = ErrorName.__init__  # it takes none that begins with `States.`, as those of HTTP tasks do
    store: Any = VariableStore
    store.get_assigned_variables = _assigned
    failure: Any = FailureEvent
    failure.__init__ = _know_entry(failure.__init__)


def _name_field(component: Any, name: str | None) -> None:
    component._field_name = lambda _: name


def _text_of(parser_rule_context: Any) -> str:
    """JSON's escapes are JSON's, not Python's."""
    written: str = parser_rule_context.getText()
    if not (len(written) > 1 and written.startswith('"') and written.endswith('"')):
        return written
    try:
        return str(json.loads(written))
    except ValueError:
        return written[1:-1]


def _text_or_null(parser_rule_context: Any) -> str | None:
    return None if antlr4utils.is_terminal(parser_rule_context, ASLLexer.NULL) else _text_of(parser_rule_context)


def _bind(self: Any, env: Any) -> None:
    """A member of an object, whose field is named by the way there: `Arguments/Payload`."""
    container, field = env.stack.pop(), env.next_field_name
    env.next_field_name = f"{field}/{self.identifier}"
    self.value.eval(env=env)
    env.next_field_name = field
    container[self.identifier] = env.stack.pop()
    env.stack.append(container)


def _assigned(self: Any) -> dict[str, str]:
    """JSON, texts too."""
    return {name: json.dumps(self.get(name), separators=(",", ":")) for name in sorted(self._declaration_tracing)}


def _choose(choose: Any) -> Any:
    def choose_or_fail(self: Any, env: Any) -> None:
        try:
            choose(self, env)
        except RuntimeError as error:
            if self.default_state is not None:
                raise
            raise _runtime_failure(env, NO_NEXT) from error

    return choose_or_fail


def _compare(self: Any, env: Any) -> None:
    """What is not there is only asked about by IsPresent; `IsNull` and the like fail, too (?)."""
    self.variable.eval(env)
    is_absent = isinstance(env.stack[-1], NoSuchVariable)
    if is_absent and self.comparison_function.operator_type is not ComparisonOperatorType.IsPresent:
        path = self.variable.string_sampler.literal_value
        raise _runtime_failure(env, NO_VALUE.format(path=path))
    self.comparison_function.eval(env)


def _runtime_failure(env: Any, cause: str) -> FailureEventException:
    name = StatesErrorName(typ=StatesErrorNameType.StatesRuntime)
    details: Any = {"taskFailedEventDetails": {"error": name.error_name, "cause": cause}}
    return FailureEventException(FailureEvent(env, name, HistoryEventType.TaskFailed, details))


def _know_entry(make: Any) -> Any:
    """An error says by which event its state was entered."""

    def make_knowing(self: Any, env: Any, *more: Any, **members: Any) -> None:
        make(self, env, *more, **members)
        entered = getattr(env.event_manager, "entered", {})
        self.source_event_id = entered.get(self.state_name, self.source_event_id)

    return make_knowing
