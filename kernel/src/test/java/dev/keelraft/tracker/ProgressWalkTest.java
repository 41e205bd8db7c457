package dev.keelraft.tracker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.keelraft.model.ProgressState;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;

/** A leader's calls about one peer, in any order, against a twin that keeps lists and applies the rules of kernel.md 1.4 and 1.5. */
class ProgressWalkTest {
    private enum Kind {
        SEND,
        ACKNOWLEDGED,
        REJECTED,
        HEARTBEAT_SENT,
        HEARTBEAT_ANSWERED,
        SNAPSHOT_SENT,
        SNAPSHOT_REPORTED,
        UNREACHABLE,
        QUORUM_CHECKED
    }

    /** One event; the numbers mean what the kind makes of them. */
    private record Event(Kind kind, int a, int b) {}

    /** The obvious version: the appends in flight are a list, and every rule is written out where it applies. */
    private static final class Twin {
        final int messagesMax;
        final long bytesMax;
        ProgressState state = ProgressState.PROBE;
        long match;
        long next;
        long sentCommit;
        long pendingSnapshot;
        boolean active;
        boolean paused;
        final List<long[]> inFlight = new ArrayList<>();

        Twin(long next, int messagesMax, long bytesMax) {
            this.next = next;
            this.messagesMax = messagesMax;
            this.bytesMax = bytesMax;
        }

        boolean isFull() {
            return inFlight.size() >= messagesMax || bytesInFlight() >= bytesMax;
        }

        long bytesInFlight() {
            return inFlight.stream().mapToLong(append -> append[1]).sum();
        }

        boolean isPaused() {
            return state == ProgressState.SNAPSHOT || paused;
        }

        void enter(ProgressState to, long newNext) {
            state = to;
            next = newNext;
            paused = false;
            pendingSnapshot = 0;
            inFlight.clear();
        }

        void probe() {
            enter(ProgressState.PROBE, 1 + Math.max(match, pendingSnapshot));
            sentCommit = Math.min(sentCommit, next - 1);
        }

        void send(int entries, long bytes, long commit) {
            switch (state) {
                case REPLICATE -> {
                    if (entries > 0) {
                        next += entries;
                        inFlight.add(new long[] {next - 1, bytes});
                    }
                    paused = isFull();
                }
                case PROBE -> paused |= entries > 0;
                case SNAPSHOT -> throw new AssertionError("nothing is sent beside a snapshot");
            }
            sentCommit = commit;
        }
    }

    @Provide
    Arbitrary<List<Event>> events() {
        return Combinators.combine(
                        Arbitraries.of(Kind.class),
                        Arbitraries.integers().between(0, 12),
                        Arbitraries.integers().between(0, 12))
                .as(Event::new)
                .list()
                .ofMaxSize(150);
    }

    @Property(tries = 1_000, edgeCases = EdgeCasesMode.NONE)
    void it_follows_the_rules_on_every_walk(
            @ForAll("events") List<Event> events,
            @ForAll @IntRange(min = 1, max = 5) int messagesMax,
            @ForAll @IntRange(min = 1, max = 30) int bytesMax,
            @ForAll @IntRange(min = 1, max = 20) int firstNext) {
        Progress progress = new Progress(firstNext, messagesMax, bytesMax);
        Twin twin = new Twin(firstNext, messagesMax, bytesMax);
        long highestMatch = 0;
        for (Event event : events) {
            happen(event, progress, twin);
            progress.checkInvariants();
            assertSame(progress, twin);
            assertThat(progress.match()).as("match never falls").isGreaterThanOrEqualTo(highestMatch);
            highestMatch = progress.match();
        }
    }

    private static void happen(Event event, Progress progress, Twin twin) {
        switch (event.kind()) {
            case SEND -> {
                assertThat(progress.isPaused()).isEqualTo(twin.isPaused());
                if (!twin.isPaused()) {
                    boolean full = twin.state == ProgressState.REPLICATE && twin.isFull();
                    assertThat(progress.mayCarryEntries()).isEqualTo(!full);
                    int entries = full ? 0 : event.a() % 4;
                    progress.sentAppend(entries, 3L * entries, event.b());
                    twin.send(entries, 3L * entries, event.b());
                }
            }
            case ACKNOWLEDGED -> acknowledge(twin.match + event.a() - 3, event.b(), progress, twin);
            case REJECTED -> reject(Math.max(0, twin.next - event.a() / 4), event.b(), progress, twin);
            case HEARTBEAT_SENT -> {
                progress.sentHeartbeat(event.a());
                twin.sentCommit = event.a();
            }
            case HEARTBEAT_ANSWERED -> {
                progress.setRecentlyActive(true);
                progress.resume();
                twin.active = true;
                twin.paused = false;
            }
            case SNAPSHOT_SENT -> {
                if (!twin.isPaused()) {
                    long index = twin.match + event.a();
                    progress.becomeSnapshot(index);
                    twin.enter(ProgressState.SNAPSHOT, index + 1);
                    twin.pendingSnapshot = index;
                    twin.sentCommit = index;
                }
            }
            case SNAPSHOT_REPORTED -> {
                if (twin.state == ProgressState.SNAPSHOT) {
                    if (event.a() % 2 == 0) {
                        progress.snapshotFailed();
                        twin.pendingSnapshot = 0;
                    }
                    progress.becomeProbe();
                    progress.pause();
                    twin.probe();
                    twin.paused = true;
                }
            }
            case UNREACHABLE -> {
                if (twin.state == ProgressState.REPLICATE) {
                    progress.becomeProbe();
                    twin.probe();
                }
            }
            case QUORUM_CHECKED -> {
                progress.setRecentlyActive(false);
                twin.active = false;
            }
        }
    }

    private static void acknowledge(long index, int firstIndex, Progress progress, Twin twin) {
        boolean news = index > twin.match;
        assertThat(progress.acknowledge(index)).isEqualTo(news);
        if (news) {
            twin.match = index;
            twin.next = Math.max(twin.next, index + 1);
            twin.paused = false;
        } else if (index != twin.match || twin.state != ProgressState.PROBE) {
            return;
        }
        switch (twin.state) {
            case PROBE -> {
                progress.becomeReplicate();
                twin.enter(ProgressState.REPLICATE, twin.match + 1);
            }
            case SNAPSHOT -> {
                if (twin.match + 1 >= firstIndex) {
                    progress.becomeReplicate();
                    twin.enter(ProgressState.REPLICATE, twin.match + 1);
                }
            }
            case REPLICATE -> {
                progress.inflights().freeThrough(index);
                twin.inFlight.removeIf(append -> append[0] <= index);
            }
        }
    }

    private static void reject(long rejected, long hint, Progress progress, Twin twin) {
        boolean replicates = twin.state == ProgressState.REPLICATE;
        boolean news = replicates ? rejected > twin.match : rejected == twin.next - 1;
        assertThat(progress.reject(rejected, hint)).isEqualTo(news);
        if (!news) {
            return;
        }
        twin.next = replicates ? twin.match + 1 : Math.max(Math.min(rejected, hint + 1), twin.match + 1);
        twin.sentCommit = Math.min(twin.sentCommit, twin.next - 1);
        if (replicates) {
            progress.becomeProbe();
            twin.probe();
        } else {
            twin.paused = false;
        }
    }

    private static void assertSame(Progress progress, Twin twin) {
        assertThat(progress.state()).isEqualTo(twin.state);
        assertThat(progress.match()).isEqualTo(twin.match);
        assertThat(progress.next()).isEqualTo(twin.next);
        assertThat(progress.isPaused()).isEqualTo(twin.isPaused());
        assertThat(progress.pendingSnapshot()).isEqualTo(twin.pendingSnapshot);
        assertThat(progress.isRecentlyActive()).isEqualTo(twin.active);
        assertThat(progress.inflights().count()).isEqualTo(twin.inFlight.size());
        assertThat(progress.inflights().bytes()).isEqualTo(twin.bytesInFlight());
        assertThat(twin.inFlight).as("what is in flight ends before next").allMatch(append -> append[0] < twin.next);
        for (long commit = twin.sentCommit - 1; commit <= twin.sentCommit + 1; commit++) {
            assertThat(progress.canLearnCommit(commit))
                    .isEqualTo(commit > twin.sentCommit && twin.sentCommit < twin.next - 1);
        }
    }
}
