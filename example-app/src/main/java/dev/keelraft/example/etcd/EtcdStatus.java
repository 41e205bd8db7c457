package dev.keelraft.example.etcd;

import dev.keelraft.example.kv.EtcdError;
import dev.keelraft.example.kv.RefusedException;
import dev.keelraft.example.kv.wire.ErrorStatus;
import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.StatusRuntimeException;
import java.util.concurrent.CompletionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Errors in the form in which a client gets them. */
public final class EtcdStatus {
    private static final Logger LOG = LoggerFactory.getLogger(EtcdStatus.class);

    private EtcdStatus() {}

    /** The status with the code and the text of an error. */
    public static Status of(EtcdError error) {
        return Status.fromCodeValue(error.code()).withDescription(error.text());
    }

    /** The status of an error that a result carries. */
    static Status of(ErrorStatus error) {
        return Status.fromCodeValue(error.getCode()).withDescription(error.getText());
    }

    /**
     * The status of what a future failed with. What is not meant for clients is logged, and they are told no more than
     * its kind.
     */
    static Status of(Throwable failure) {
        Throwable cause = failure;
        while (cause instanceof CompletionException && cause.getCause() != null) {
            cause = cause.getCause();
        }
        if (cause instanceof RefusedException refused) {
            return of(refused.error());
        }
        if (cause instanceof StatusException status) {
            return status.getStatus();
        }
        if (cause instanceof StatusRuntimeException status) {
            return status.getStatus();
        }
        LOG.error("a request failed in a way that it must not", cause);
        return Status.INTERNAL.withDescription("keel: " + cause.getClass().getSimpleName());
    }
}
