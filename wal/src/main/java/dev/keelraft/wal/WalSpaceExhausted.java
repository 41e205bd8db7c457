package dev.keelraft.wal;

/**
 * There is no room for a new segment, or no file descriptor for a file that must be opened. The call that met this has changed nothing, the log is whole and stays usable: what was
 * refused may be tried again once there is space. Until then the host must not advance the Ready that it could not store.
 * {@link Wal#release} and {@link Wal#close} still work; they use room that is set aside.
 */
public final class WalSpaceExhausted extends WalException {
    private static final long serialVersionUID = 1L;

    WalSpaceExhausted(String text, Throwable cause) {
        super(text, cause);
    }
}
