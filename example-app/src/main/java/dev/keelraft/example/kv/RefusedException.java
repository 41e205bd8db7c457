package dev.keelraft.example.kv;

/**
 * A request cannot be served, for a reason that its client is told. It is an answer, not a failure: it has no stack
 * trace, and nothing was changed.
 */
public final class RefusedException extends Exception {
    private static final long serialVersionUID = 1;

    private final EtcdError error;

    /** The request is refused for this reason. */
    public RefusedException(EtcdError error) {
        super(error.text(), null, false, false);
        this.error = error;
    }

    /** Why. */
    public EtcdError error() {
        return error;
    }
}
