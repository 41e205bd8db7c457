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
 * What a flight recording shows of a log. The package's description has the list. The module {@code jdk.jfr} need not be
 * there: the classes in here are loaded only if {@link #PRESENT} says that it is, which every use asks first.
 */
final class Events {
    /** Whether this JVM has the flight recorder. */
    static final boolean PRESENT = ModuleLayer.boot().findModule("jdk.jfr").isPresent();

    /** Loaded with this class: later, where there is a lack of file descriptors to report, they could not be. */
    static final List<Class<?>> ALL =
            PRESENT ? List.of(Sync.class, SegmentCut.class, Release.class, Opened.class, Poison.class) : List.of();

    private Events() {}

    /** The disk has confirmed what was appended. */
    @Name("dev.keelraft.wal.Sync")
    @Label("WAL Sync")
    @Category({"Keel", "WAL"})
    @StackTrace(false)
    static final class Sync extends Event {
        @Label("Bytes")
        @Description("What became durable, over all groups")
        @DataAmount
        long bytes;
    }

    /** The log goes on in a new segment. */
    @Name("dev.keelraft.wal.SegmentCut")
    @Label("WAL Segment Cut")
    @Category({"Keel", "WAL"})
    @StackTrace(false)
    static final class SegmentCut extends Event {
        @Label("Sequence")
        @Description("The number of the new segment")
        long sequence;

        @Label("File Bytes")
        @DataAmount
        long fileBytes;

        @Label("Prepared")
        @Description("Whether it was prepared ahead, so that the append did not have to write its zeros")
        boolean prepared;
    }

    /** Segments were deleted. */
    @Name("dev.keelraft.wal.Release")
    @Label("WAL Release")
    @Category({"Keel", "WAL"})
    @StackTrace(false)
    static final class Release extends Event {
        @Label("Segments")
        @Description("How many were deleted")
        int segments;

        @Label("First Segment")
        @Description("The number of the first one that is left")
        long firstSegment;
    }

    /** A log was opened. */
    @Name("dev.keelraft.wal.Recovery")
    @Label("WAL Recovery")
    @Category({"Keel", "WAL"})
    @StackTrace(false)
    static final class Opened extends Event {
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
    }

    /** A log has failed, and takes no more calls. */
    @Name("dev.keelraft.wal.Poison")
    @Label("WAL Poison")
    @Category({"Keel", "WAL"})
    static final class Poison extends Event {
        @Label("What")
        @Description("What could not be done")
        String what = "";

        @Label("Cause")
        String cause = "";
    }
}
