package dev.keelraft.wal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;

/**
 * MARK: the newest {@link Mark}, in one of two slots of a page each.
 */
/*
 * A crash may tear whatever was written since the last force, so the slot that was forced last is never touched until the
 * other one has been forced: all writes, forced or not, go to the other. Alternating with every write would not do: after
 * "force slot 0, write slot 1, write slot 0" both may be torn.
 *
 *   safe slot   other slot
 *   forced 7    8, 9, 10 ...   written after each sync, without a force: a process that dies leaves the exact value, a machine
 *                              that dies leaves some older one, which is still true
 *   8 .. 10     forced 11      and now the other slot is the safe one
 */
final class MarkFile {
    private static final int SLOT_BYTES = 4096;
    private static final int SLOTS = 2;

    private OpenFile file;

    /** The newest mark, once this run has written one. */
    private final ByteBuffer buffer = allocate(Mark.BYTES);

    private final Checksum checksum = new Checksum();
    private final Mark found;
    private int safeSlot;
    private long count;

    private MarkFile(OpenFile file, int safeSlot, Mark found) {
        this.file = file;
        this.safeSlot = safeSlot;
        this.found = found;
        this.count = found.count();
    }

    private static ByteBuffer allocate(int bytes) {
        return ByteBuffer.allocateDirect(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** Writes the file, which is new, and forces it. */
    static void create(FileLayer files, Path path, Mark first) throws IOException {
        written(files, path, first).close();
    }

    private static OpenFile written(FileLayer files, Path path, Mark first) throws IOException {
        ByteBuffer slots = allocate(SLOTS * SLOT_BYTES);
        first.writeTo(slots, new Checksum());
        OpenFile file = files.create(path);
        try {
            file.write(slots.clear(), 0);
            file.force(true);
            return file;
        } catch (Throwable e) {
            file.close();
            throw e;
        }
    }

    /**
     * What was read.
     *
     * @param found the newest mark
     * @param slot the slot that holds it
     * @param otherDamaged whether the other slot holds something, and cannot be read: a crash leaves it so, and rot
     */
    record Read(Mark found, int slot, boolean otherDamaged) {}

    /**
     * Reads the file.
     *
     * @throws WalCorrupt if neither slot can be read, or the file does not have its length
     * @throws WalUnsupportedVersion if a newer version wrote it
     */
    static Read read(FileLayer files, Path path) throws IOException {
        try (OpenFile file = files.openToRead(path)) {
            return read(file, path);
        }
    }

    private static Read read(OpenFile file, Path path) throws IOException {
        ByteBuffer slots = allocate(SLOTS * SLOT_BYTES);
        if (file.size() != slots.capacity()) {
            throw new WalCorrupt(path, file.size(), -1, "MARK has " + file.size() + " bytes");
        }
        file.read(slots, 0);
        Mark newest = null;
        int newestSlot = 0;
        boolean damaged = false;
        for (int slot = 0; slot < SLOTS; slot++) {
            try {
                Mark mark = Mark.read(slots, slot * SLOT_BYTES, new Checksum());
                if (newest == null || mark.count() > newest.count()) {
                    newest = mark;
                    newestSlot = slot;
                }
            } catch (MalformedRecordException torn) {
                // The other one counts.
                damaged |= !slots.slice(slot * SLOT_BYTES, SLOT_BYTES).equals(allocate(SLOT_BYTES));
            }
        }
        if (newest == null) {
            throw new WalCorrupt(path, 0, -1, "neither slot of MARK can be read");
        }
        return new Read(newest, newestSlot, damaged);
    }

    /** Opens the file that was read before, and writes nothing. */
    static MarkFile open(FileLayer files, Path path, Read read) throws IOException {
        return new MarkFile(files.open(path), read.slot(), read.found());
    }

    /** The newest mark when the file was opened. */
    Mark found() {
        return found;
    }

    /** The count of the newest mark now. */
    long count() {
        return count;
    }

    /**
     * Writes the first mark of a run, into a new file that takes the place of this one. What was read may be in the page cache
     * alone, without another force ever writing it, so that neither slot is known to be on the disk: in place, no slot could
     * be overwritten. Only where the disk is full it is done in place all the same; then the force is relied upon.
     */
    void renew(FileLayer files, Layout layout, Mark mark) throws IOException {
        Path path = layout.nextMark();
        if (files.exists(path)) {
            files.delete(path);
        }
        OpenFile next;
        try {
            next = written(files, path, mark);
        } catch (NoSpaceException e) {
            if (files.exists(path)) {
                files.delete(path);
            }
            file.force(true);
            write(mark);
            return;
        }
        OpenFile before = file;
        file = next;
        count = mark.count();
        mark.writeTo(buffer.clear(), checksum);
        safeSlot = 0;
        files.rename(path, layout.mark());
        files.syncDirectory(layout.raft());
        before.close();
    }

    /** Writes a mark that counts one more than the newest, and forces it. */
    void write(Mark mark) throws IOException {
        count = mark.count();
        mark.writeTo(buffer.clear(), checksum);
        int slot = writeOther();
        file.force(false);
        safeSlot = slot;
    }

    /**
     * Writes the newest mark of this run once more, further on in the same segments, and does not force it. As this happens
     * after each sync, it makes no objects.
     */
    void advance(long durableLsn, long lastBatch, int chain) throws IOException {
        count++;
        Mark.advance(buffer, count, durableLsn, lastBatch, chain, checksum);
        writeOther();
    }

    private int writeOther() throws IOException {
        int slot = 1 - safeSlot;
        file.write(buffer.clear(), (long) slot * SLOT_BYTES);
        return slot;
    }

    void close() throws IOException {
        file.close();
    }
}
