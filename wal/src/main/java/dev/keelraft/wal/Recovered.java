package dev.keelraft.wal;

import dev.keelraft.model.HardState;
import dev.keelraft.model.Snapshot;
import java.util.List;
import java.util.UUID;

/**
 * What an open has found. The entries themselves are in {@link Wal#storage()}.
 *
 * @param hardState the newest hard state, or {@link HardState#EMPTY}
 * @param firstIndex the index of the first entry that is there, or will be; at least 1
 * @param lastIndex the index of the last entry, or {@code firstIndex - 1}
 * @param snapshot the newest snapshot whose file is whole, or {@link Snapshot#NONE}: the state machine starts from it
 * @param snapshotFile its file, or {@link SnapshotFile#NONE}
 * @param damagedSnapshots files of newer snapshots that are missing or damaged, so that an older one, or the log alone, has
 *     taken their place. The log refers to them no more
 * @param cleanClose whether the log was closed by {@link Wal#close}
 * @param droppedBytes how many bytes behind the end of the log were overwritten with zeros: what was being written, and had not
 *     been acknowledged, when the process or the machine died. 0 after a clean close
 * @param bootCount how often the log was opened, this time included
 * @param incarnation a random number drawn when the log was created. A member that comes back with another one has lost its
 *     data
 */
public record Recovered(
        HardState hardState,
        long firstIndex,
        long lastIndex,
        Snapshot snapshot,
        SnapshotFile snapshotFile,
        List<SnapshotFile> damagedSnapshots,
        boolean cleanClose,
        long droppedBytes,
        long bootCount,
        UUID incarnation) {
    /**
     * Copies the list.
     *
     * @param hardState see above
     * @param firstIndex see above
     * @param lastIndex see above
     * @param snapshot see above
     * @param snapshotFile see above
     * @param damagedSnapshots see above
     * @param cleanClose see above
     * @param droppedBytes see above
     * @param bootCount see above
     * @param incarnation see above
     */
    public Recovered {
        damagedSnapshots = List.copyOf(damagedSnapshots);
    }
}
