package dev.keelraft.example.demo;

import java.io.Serial;

/** The demo cannot go on. The message says why, for the user. */
final class DemoFailedException extends Exception {
    @Serial
    private static final long serialVersionUID = 1;

    DemoFailedException(String message) {
        super(message);
    }

    DemoFailedException(String message, Throwable cause) {
        super(message, cause);
    }
}
