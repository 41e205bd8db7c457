package dev.keelraft.wal;

import org.jspecify.annotations.Nullable;

/**
 * What a log reports instead of going on. Every text says what has happened, what is safe, and what to do.
 */
public abstract sealed class WalException extends RuntimeException
        permits WalAlreadyExists,
                WalAppendRefused,
                WalCorrupt,
                WalFailed,
                WalIdentityMismatch,
                WalLocked,
                WalMustRejoin,
                WalNotFound,
                WalSpaceExhausted,
                WalUnsupportedVersion {
    private static final long serialVersionUID = 1L;

    WalException(String text, @Nullable Throwable cause) {
        super(text, cause);
    }
}
