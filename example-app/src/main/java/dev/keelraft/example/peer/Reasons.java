package dev.keelraft.example.peer;

import io.grpc.Status;
import org.jspecify.annotations.Nullable;

/** What went wrong with a call, for people. */
final class Reasons {
    private Reasons() {}

    /** The description and the innermost cause: gRPC's own "io exception" alone tells nobody anything. */
    static String of(Status status) {
        String text = status.getDescription() == null
                ? status.getCode().toString()
                : status.getCode() + ": " + status.getDescription();
        @Nullable Throwable cause = status.getCause();
        while (cause != null && cause.getCause() != null) {
            cause = cause.getCause();
        }
        return cause == null ? text : text + ": " + cause.getMessage();
    }
}
