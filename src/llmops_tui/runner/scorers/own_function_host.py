"""The other side of `own_function`: imports a person's file and calls the function, line by line.

Runs as a program with the standard library only. What the function prints goes nowhere: it must not
be taken for an answer, nor get into a screen.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys


def main() -> None:
    """Answer until the input ends."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def say(**reply: object) -> None:
        try:
            text = json.dumps(reply)
        except (TypeError, ValueError) as error:
            text = json.dumps({"error": f"what is no JSON: {error}"})
        out.write(text + "\n")
        out.flush()

    path, name = sys.argv[1:3]
    alone = "alone" in sys.argv[3:]
    sys.path.insert(0, os.path.dirname(path))
    try:
        spec = importlib.util.spec_from_file_location("scorer_of_yours", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules["scorer_of_yours"] = module
        spec.loader.exec_module(module)
        function = getattr(module, name)
    except BaseException as error:  # noqa: BLE001 - whatever it is, the asker must be told
        say(error=f"{type(error).__name__}: {error}")
        return
    say(ready=True)
    for line in sys.stdin:
        answer, context = json.loads(line)
        try:
            result = function(context) if alone else function(answer, context)
        except Exception as error:  # noqa: BLE001 - the function's own, told to the asker
            say(error=f"{type(error).__name__}: {error}")
            continue
        say(result=result)


if __name__ == "__main__":
    main()
