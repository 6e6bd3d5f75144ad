"""Whole runs under faults: killed, out of room, with failing system calls, side by side, under a jumping clock."""
