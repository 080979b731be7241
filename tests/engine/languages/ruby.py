"""Ruby."""

from __future__ import annotations

from languages.language import AS_TEXT, HANDLERS, Failure, Form, Language, Thrown

ENDS = """
status = ENV.fetch("ENDS", "3").to_i
status >= 0 ? exit!(status) : Process.kill(-status, Process.pid)
sleep
"""
FORMS = """
def positional(given) = given[:event]

module Outer
  class Inner
    class << self
      private

      def hidden(event:, context:) = [event, context.function_version]
    end
  end
end
"""
RUBY = Language(
    family="ruby",
    handler="every.handler",
    files=lambda _: {
        "every.rb": (HANDLERS / "every.rb").read_text(),
        "broken.rb": "raise IndexError, 'broken from the start'",
        "ends.rb": ENDS,
        "forms.rb": FORMS,
        "folder/inner.rb": "def handler(event:, context:) = [event]",
    },
    layer=lambda _: {"ruby/lib/layered.rb": "module Layered\n  WORD = 'from a layer'\nend\n"},
    error="Function<IndexError>",
    members=("errorMessage", "errorType", "stackTrace"),
    trace="stackTrace",
    failures={
        "broken": Failure("broken.handler", "Init<IndexError>", "broken from the start"),
        "no module": Failure("missing.handler", "Init<LoadError>", "cannot load such file -- missing"),
        "no function": Failure("every.missing", "Function<NoMethodError>", "undefined method"),
    },
    ends="ends.handler",
    line="W, [{time} #{any}]  WARN {id} -- : {text}",
    throws={
        "throw_own": Thrown("Function<Own>", "oops"),
        "throw_cause": Thrown("Function<IndexError>", "oops"),
        "throw_odd": Thrown("Function<NoMethodError>", "oops", ends=True),
    },
    forms=(
        Form("forms.positional", 1, 1),
        Form("forms.Outer::Inner.hidden", 2, [2, "$LATEST"]),
        Form("folder/inner.handler", 3, [3]),
    ),
    tells_errors=AS_TEXT,
    variables={"PWD": "/var/task", "SHLVL": "0"},
)
