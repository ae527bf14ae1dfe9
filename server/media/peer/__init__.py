"""One browser's connection: what comes in (publications and their layers), what goes out (outlets), and the transport below both."""
