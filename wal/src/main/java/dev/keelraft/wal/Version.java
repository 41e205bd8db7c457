package dev.keelraft.wal;

/** The version of the format, of which each file speaks. */
final class Version {
    /** Another one cannot be read. */
    static final int MAJOR = 1;

    /** Another one can be read and written. */
    static final int MINOR = 0;

    private Version() {}

    /**
     * Checks a page that carries a version and a checksum.
     *
     * @param major the version that it names
     * @param whole whether its checksum holds
     * @param features bits of features without which it must not be written, or not even be read: this version knows none
     * @throws MalformedRecordException if it is damaged
     * @throws WalUnsupportedVersion if a newer version wrote it. A future version may keep its checksum elsewhere, so that it
     *     looks damaged in this respect
     */
    static void check(int major, boolean whole, int features) throws MalformedRecordException {
        if (major != MAJOR || (whole && features != 0)) {
            throw new WalUnsupportedVersion("the log has format version " + major + " with features "
                    + Integer.toHexString(features) + "; this is version " + MAJOR
                    + " without any. Nothing was changed;"
                    + " open the log with the version that wrote it.");
        }
        if (!whole) {
            throw new MalformedRecordException("its checksum does not match its content");
        }
    }
}
