"""The screens, one folder for each area; `base` says how one is written."""
