"""The delivery engine: intent first, unknown as a state of its own, look-up before anything is sent again. Knows no platform."""
