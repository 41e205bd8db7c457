package dev.keelraft.wal;

import dev.keelraft.model.ConfState;
import dev.keelraft.model.Entry;
import dev.keelraft.model.HardState;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * Writes the records of a frame, and says beforehand how long they will be. The layout of each is in the description of the
 * package. Not thread-safe.
 */
final class RecordWriter {
    static final long HARD_STATE_BYTES = RecordType.bytes(24);
    static final long COMPACT_BYTES = RecordType.bytes(16);
    static final long BOOT_BYTES = RecordType.bytes(24);

    private static final int ENTRY_FIXED_BYTES = 16;
    private static final int SNAPSHOT_FIXED_BYTES = 56;
    private static final int STATE_FIXED_BYTES = 64;

    private ByteBuffer out = ByteBuffer.allocate(0);
    private int count;
    private long group;

    /** Goes on in this buffer, at its position, with the first record of a frame, and with the first group. */
    void begin(ByteBuffer buffer) {
        out = buffer;
        count = 0;
        group = Groups.FIRST;
    }

    /** What follows is of this group. */
    RecordWriter of(long id) {
        group = id;
        return this;
    }

    /** How many records were written since the beginning of the frame. */
    int count() {
        return count;
    }

    static long entryBytes(Entry entry) {
        return RecordType.bytes(ENTRY_FIXED_BYTES + (long) entry.data().length);
    }

    void entry(Entry entry) {
        byte[] data = entry.data();
        head(RecordType.ENTRY, entry.type().number(), ENTRY_FIXED_BYTES + data.length);
        out.putLong(entry.index()).putLong(entry.term()).put(data);
        pad(data.length);
    }

    void hardState(HardState state) {
        head(RecordType.HARD_STATE, 0, 24);
        out.putLong(state.term()).putLong(state.vote()).putLong(state.commit());
    }

    static long snapshotBytes(SavedSnapshot saved) {
        return RecordType.bytes(snapshotBodyBytes(saved));
    }

    /** A snapshot of {@link RecordType#SNAPSHOT} or {@link RecordType#INSTALL}. */
    void snapshot(int type, SavedSnapshot saved) {
        head(type, 0, snapshotBodyBytes(saved));
        snapshotBody(saved);
    }

    void compact(long index, long term) {
        head(RecordType.COMPACT, 0, 16);
        out.putLong(index).putLong(term);
    }

    static long stateBytes(GroupState state) {
        return RecordType.bytes(stateBodyBytes(state));
    }

    private static long stateBodyBytes(GroupState state) {
        long bytes = STATE_FIXED_BYTES;
        for (SavedSnapshot saved : state.snapshots()) {
            bytes += RecordType.padded(snapshotBodyBytes(saved));
        }
        return bytes;
    }

    void state(GroupState state) {
        head(RecordType.STATE, 0, stateBodyBytes(state));
        HardState hardState = state.hardState();
        out.putLong(hardState.term()).putLong(hardState.vote()).putLong(hardState.commit());
        out.putLong(state.startIndex()).putLong(state.startTerm());
        out.putLong(state.lastIndex()).putLong(state.lastTerm());
        out.putInt(state.snapshots().size()).putInt(0);
        for (SavedSnapshot saved : state.snapshots()) {
            snapshotBody(saved);
        }
    }

    void boot(long bootCount, long openedMillis, long droppedBytes) {
        head(RecordType.BOOT, 0, 24);
        out.putLong(bootCount).putLong(openedMillis).putLong(droppedBytes);
    }

    private void head(int type, int detail, long bodyBytes) {
        out.put((byte) type).put((byte) 0).putShort((short) detail).putInt((int) bodyBytes);
        out.putLong(group);
        count++;
    }

    private static long snapshotBodyBytes(SavedSnapshot saved) {
        ConfState members = saved.snapshot().confState();
        long ids = (long) members.voters().size()
                + members.votersOutgoing().size()
                + members.learners().size()
                + members.learnersNext().size();
        return SNAPSHOT_FIXED_BYTES
                + 8 * ids
                + incarnationsBytes(members)
                + nameOf(saved).length
                + saved.snapshot().data().length;
    }

    private void snapshotBody(SavedSnapshot saved) {
        ConfState members = saved.snapshot().confState();
        byte[] name = nameOf(saved);
        byte[] data = saved.snapshot().data();
        out.putLong(saved.index()).putLong(saved.term());
        out.putLong(saved.file().bytes()).putInt(saved.file().crc32c());
        out.putInt(name.length).putInt(data.length);
        out.putInt((members.autoLeave() ? RecordType.AUTO_LEAVE : 0)
                | (members.incarnations().isEmpty() ? 0 : RecordType.INCARNATIONS));
        out.putInt(members.voters().size()).putInt(members.votersOutgoing().size());
        out.putInt(members.learners().size()).putInt(members.learnersNext().size());
        ids(members.voters());
        ids(members.votersOutgoing());
        ids(members.learners());
        ids(members.learnersNext());
        incarnations(members);
        out.put(name).put(data);
        pad((long) name.length + data.length);
    }

    /** Nothing where there are none, as in most groups. */
    private static long incarnationsBytes(ConfState members) {
        int count = members.incarnations().size();
        return count == 0 ? 0 : 8 + 16L * count;
    }

    private void incarnations(ConfState members) {
        if (members.incarnations().isEmpty()) {
            return;
        }
        out.putLong(members.incarnations().size());
        for (ConfState.Incarnation named : members.incarnations()) {
            out.putLong(named.id()).putLong(named.incarnation());
        }
    }

    private void ids(List<Long> ids) {
        for (long id : ids) {
            out.putLong(id);
        }
    }

    /* The buffer held other frames before: without this, their bytes would reach the disk in the gaps. */
    private void pad(long unaligned) {
        for (long i = unaligned; i < RecordType.padded(unaligned); i++) {
            out.put((byte) 0);
        }
    }

    private static byte[] nameOf(SavedSnapshot saved) {
        return saved.file().name().getBytes(StandardCharsets.UTF_8);
    }
}
