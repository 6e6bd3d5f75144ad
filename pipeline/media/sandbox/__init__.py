"""Where bytes of strangers are parsed: processes that live for one file, with little memory, time and no network."""
