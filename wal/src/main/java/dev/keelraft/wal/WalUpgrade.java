package dev.keelraft.wal;

import java.nio.file.Path;

/**
 * Brings a log to the newest version of the format that this library writes. There is one version, so there is nothing to be
 * done yet: it says whether this library can read the log, and writes nothing.
 */
public final class WalUpgrade {
    private final WalInspection inspection;

    WalUpgrade(WalInspection inspection) {
        this.inspection = inspection;
    }

    /**
     * An upgrade of the log in a directory.
     *
     * @param directory what {@link Wal#create} was given
     */
    public static WalUpgrade of(Path directory) {
        return new WalUpgrade(WalInspection.of(directory));
    }

    /** The same, which tells how far it has come. */
    public WalUpgrade withProgress(WalProgress told) {
        return new WalUpgrade(inspection.withProgress(told));
    }

    /**
     * What an upgrade has come to.
     *
     * @param major the major version of the format that the log has now; 0 if that cannot be told
     * @param minor the minor version
     * @param changed whether that is another one than before
     * @param report the log as it is now. Only one that can be opened is upgraded
     */
    public record Outcome(int major, int minor, boolean changed, WalReport report) {}

    /**
     * Upgrades the log. Each major version that can be read, and is not the newest, has its step to the next one here.
     *
     * @throws WalNotFound if there is no log
     */
    public Outcome run() {
        WalReport report = inspection.read();
        return report.identity()
                .map(identity -> new Outcome(identity.major(), identity.minor(), false, report))
                .orElseGet(() -> new Outcome(0, 0, false, report));
    }
}
