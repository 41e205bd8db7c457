package dev.keelraft.wal;

import java.util.List;
import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/**
 * What a flight recording shows of a log. The package's description has the list. What takes time begins with the call of a
 * method in here, and is recorded if it is ended. The module {@code jdk.jfr} need not be there: without it nothing is recorded,
 * and the classes that need it are not loaded.
 */
final class Events {
    /** Whether this JVM has the flight recorder. */
    static final boolean PRESENT = ModuleLayer.boot().findModule("jdk.jfr").isPresent();

    /** Loaded with this class: later, where there is a lack of file descriptors to report, they could not be. */
    static final List<Class<?>> ALL = PRESENT
            ? List.of(SyncEvent.class, CutEvent.class, ReleaseEvent.class, OpenEvent.class, PoisonEvent.class)
            : List.of();

    private Events() {}

    static Sync sync() {
        return PRESENT ? new SyncEvent() : bytes -> {};
    }

    static Cut cut() {
        return PRESENT ? new CutEvent() : (sequence, fileBytes, prepared) -> {};
    }

    static Release release() {
        return PRESENT ? new ReleaseEvent() : (segments, firstSegment) -> {};
    }

    static Open open() {
        return PRESENT ? new OpenEvent() : (bootCount, cleanClose, droppedBytes, groups, segments) -> {};
    }

    static void poison(String what, Throwable cause) {
        if (PRESENT) {
            PoisonEvent.record(what, cause);
        }
    }

    interface Sync {
        void end(long bytes);
    }

    interface Cut {
        void end(long sequence, long fileBytes, boolean prepared);
    }

    interface Release {
        void end(int segments, long firstSegment);
    }

    interface Open {
        void end(long bootCount, boolean cleanClose, long droppedBytes, int groups, int segments);
    }

    /** The disk has confirmed what was appended. */
    @Name("dev.keelraft.wal.Sync")
    @Label("WAL Sync")
    @Category({"Keel", "WAL"})
    @StackTrace(false)
    static final class SyncEvent extends Event implements Sync {
        @Label("Bytes")
        @Description("What became durable, over all groups")
        @DataAmount
        long bytes;

        SyncEvent() {
            begin();
        }

        @Override
        public void end(long bytes) {
            this.bytes = bytes;
            commit();
        }
    }

    /** The log goes on in a new segment. */
    @Name("dev.keelraft.wal.SegmentCut")
    @Label("WAL Segment Cut")
    @Category({"Keel", "WAL"})
    @StackTrace(false)
    static final class CutEvent extends Event implements Cut {
        @Label("Sequence")
        @Description("The number of the new segment")
        long sequence;

        @Label("File Bytes")
        @DataAmount
        long fileBytes;

        @Label("Prepared")
        @Description("Whether it was prepared ahead, so that the append did not have to write its zeros")
        boolean prepared;

        CutEvent() {
            begin();
        }

        @Override
        public void end(long sequence, long fileBytes, boolean prepared) {
            this.sequence = sequence;
            this.fileBytes = fileBytes;
            this.prepared = prepared;
            commit();
        }
    }

    /** Segments were deleted. */
    @Name("dev.keelraft.wal.Release")
    @Label("WAL Release")
    @Category({"Keel", "WAL"})
    @StackTrace(false)
    static final class ReleaseEvent extends Event implements Release {
        @Label("Segments")
        @Description("How many were deleted")
        int segments;

        @Label("First Segment")
        @Description("The number of the first one that is left")
        long firstSegment;

        ReleaseEvent() {
            begin();
        }

        @Override
        public void end(int segments, long firstSegment) {
            this.segments = segments;
            this.firstSegment = firstSegment;
            commit();
        }
    }

    /** A log was opened. */
    @Name("dev.keelraft.wal.Recovery")
    @Label("WAL Recovery")
    @Category({"Keel", "WAL"})
    @StackTrace(false)
    static final class OpenEvent extends Event implements Open {
        @Label("Boot Count")
        long bootCount;

        @Label("Clean Close")
        @Description("Whether the run before has closed it")
        boolean cleanClose;

        @Label("Dropped Bytes")
        @Description("What was being written when the run before ended, and was acknowledged to nobody")
        @DataAmount
        long droppedBytes;

        @Label("Groups")
        int groups;

        @Label("Segments")
        int segments;

        OpenEvent() {
            begin();
        }

        @Override
        public void end(long bootCount, boolean cleanClose, long droppedBytes, int groups, int segments) {
            this.bootCount = bootCount;
            this.cleanClose = cleanClose;
            this.droppedBytes = droppedBytes;
            this.groups = groups;
            this.segments = segments;
            commit();
        }
    }

    /** A log has failed, and takes no more calls. */
    @Name("dev.keelraft.wal.Poison")
    @Label("WAL Poison")
    @Category({"Keel", "WAL"})
    static final class PoisonEvent extends Event {
        @Label("What")
        @Description("What could not be done")
        String what = "";

        @Label("Cause")
        String cause = "";

        static void record(String what, Throwable cause) {
            PoisonEvent event = new PoisonEvent();
            event.what = what;
            event.cause = cause.toString();
            event.commit();
        }
    }
}
