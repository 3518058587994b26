"""The demonstration workspace: real data, a real small model, nothing made up."""

from llmops_tui.services.demo.workspace import Prepared, demo_path, prepare, set_aside

__all__ = ["Prepared", "demo_path", "prepare", "set_aside"]
