"""Three themes: dark and light with colours that 256-colour terminals have, and the terminal's own.

Every colour of the first two is one of the xterm-256 palette, so that a terminal without true
colour (the usual case over SSH) shows what was meant. Nothing is told by colour alone.
"""

from __future__ import annotations

from textual.theme import Theme

DARK = "llmops-dark"
LIGHT = "llmops-light"
ANSI = "llmops-ansi"
NAMES = (DARK, LIGHT, ANSI)
BY_WORD = {"dark": DARK, "light": LIGHT, "ansi": ANSI}
"""As the command line calls them."""

VARIABLE_DEFAULTS = {
    "muted": "#8a8a8a",
    "bar": "#303030",
    "bar-text": "#d0d0d0",
    "good": "#87d787",
    "bad": "#ff8787",
    "doubt": "#ffd787",
    "cursor": "#5f87af",
}
"""For Textual's own themes, which don't know our variables."""

_DARK = Theme(
    name=DARK,
    dark=True,
    primary="#87afd7",
    secondary="#5f87af",
    accent="#87d7ff",
    warning="#ffd787",
    error="#ff8787",
    success="#87d787",
    foreground="#e4e4e4",
    background="#121212",
    surface="#1c1c1c",
    panel="#303030",
    variables={
        "muted": "#9e9e9e",
        "bar": "#303030",
        "bar-text": "#d0d0d0",
        "good": "#87d787",
        "bad": "#ff8787",
        "doubt": "#ffd787",
        "cursor": "#87afd7",
        "scrollbar": "#626262",
        "scrollbar-hover": "#8a8a8a",
        "scrollbar-active": "#8a8a8a",
        "scrollbar-background": "#1c1c1c",
        "scrollbar-background-hover": "#1c1c1c",
        "scrollbar-background-active": "#1c1c1c",
        "border": "#5f87af",
        "border-blurred": "#444444",
    },
)

_LIGHT = Theme(
    name=LIGHT,
    dark=False,
    primary="#005f87",
    secondary="#0087af",
    accent="#005faf",
    warning="#875f00",
    error="#af0000",
    success="#005f00",
    foreground="#121212",
    background="#ffffff",
    surface="#eeeeee",
    panel="#dadada",
    variables={
        "muted": "#585858",
        "bar": "#dadada",
        "bar-text": "#262626",
        "good": "#005f00",
        "bad": "#af0000",
        "doubt": "#875f00",
        "cursor": "#005f87",
        "scrollbar": "#8a8a8a",
        "scrollbar-hover": "#626262",
        "scrollbar-active": "#626262",
        "scrollbar-background": "#eeeeee",
        "scrollbar-background-hover": "#eeeeee",
        "scrollbar-background-active": "#eeeeee",
        "border": "#0087af",
        "border-blurred": "#bcbcbc",
    },
)

_ANSI = Theme(
    name=ANSI,
    dark=True,
    ansi=True,
    primary="ansi_blue",
    secondary="ansi_cyan",
    warning="ansi_yellow",
    error="ansi_red",
    success="ansi_green",
    accent="ansi_cyan",
    foreground="ansi_default",
    background="ansi_default",
    surface="ansi_default",
    panel="ansi_default",
    boost="ansi_default",
    variables={
        # Textual's own styles ask for these two of each theme in the terminal's colours.
        "ansi-background": "ansi_default",
        "ansi-foreground": "ansi_default",
        "muted": "ansi_default",
        "bar": "ansi_default",
        "bar-text": "ansi_default",
        "good": "ansi_green",
        "bad": "ansi_red",
        "doubt": "ansi_yellow",
        "cursor": "ansi_default",
        "border": "ansi_blue",
        "border-blurred": "ansi_default",
        "block-cursor-foreground": "ansi_black",
        "block-cursor-background": "ansi_white",
        "input-cursor-text-style": "reverse",
    },
)

THEMES = (_DARK, _LIGHT, _ANSI)
