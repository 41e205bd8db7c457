package dev.keelraft.wal;

import static org.assertj.core.api.Assertions.assertThat;

import dev.keelraft.wal.MemoryFiles.Damage;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Example;

/**
 * A device that reports a force done and keeps a part of it in its own memory. No log can keep what such a disk loses with the
 * power. This one never makes anything up: what it shows is what it has been as a whole, at some time, or it refuses.
 */
class LyingDiskTest {
    private static final int MEMBERS = Integer.getInteger("keel.wal.liars", 1_500);
    private static final int LIVES = 4;
    private static final List<Damage> DAMAGES = List.of(Damage.NONE, Damage.TORN, Damage.HALVES, Damage.GARBAGE);

    private int losses;
    private int kept;
    private int older;
    private int refused;
    private int gone;

    @Example
    void what_a_lying_disk_has_lost_is_refused_or_leaves_the_log_as_it_once_was() {
        for (int seed = 0; seed < MEMBERS; seed++) {
            try {
                live(seed);
            } catch (RuntimeException | Error e) {
                throw new AssertionError("seed " + seed + ": " + e, e);
            }
        }
        System.out.println("LyingDiskTest: " + losses + " power losses on disks that had lied: " + kept
                + " times all was there, " + older + " times the log was as it was earlier, " + refused
                + " times it was refused, " + gone
                + " times its directory was gone; 0 times it was what it never had been");
        assertThat(List.of(kept, older, refused, gone)).doesNotContain(0);
    }

    private void live(int seed) {
        Random random = new Random(seed);
        Driver host = new Driver(new MemoryFiles(), Driver.smallOptions(seed), seed % 2 == 1).withGroups(1 + seed % 3);
        host.files().runJobsAtAnyMoment(random);
        if (seed % 8 == 0) {
            host.files().lie(random);
        }
        host.create();
        for (int life = 0; life < LIVES; life++) {
            steps(host, random, random.nextInt(30));
            host.files().lie(random);
            steps(host, random, random.nextInt(10));
            if (random.nextInt(3) == 0) {
                host.files().lieNoMore();
                steps(host, random, random.nextInt(4));
            }
            host.files().crash(random, DAMAGES.get(random.nextInt(DAMAGES.size())));
            host.files().lieNoMore();
            losses++;
            if (!reopened(host)) {
                return;
            }
        }
    }

    private static void steps(Driver host, Random random, int count) {
        for (int i = 0; i < count; i++) {
            Workload.step(host, random);
        }
    }

    private boolean reopened(Driver host) {
        try {
            if (host.foundOnceMore(Driver.open(host.files(), Driver.smallOptions(losses)))) {
                older++;
            } else {
                kept++;
            }
            return true;
        } catch (WalCorrupt e) {
            refused++;
        } catch (WalNotFound e) {
            gone++;
        }
        return false;
    }

    /* One window of each kind, so that it is known what tells the loss. */
    @Example
    void a_frame_that_was_lost_behind_one_that_was_kept_tells_it() {
        Driver host = twoSyncs();
        // The first of the two is lost, the second, which says that the first was durable, is there.
        host.files().crash(lost(first -> first));
        assertThat(refusal(host)).contains("bytes that were durable are damaged or gone");
    }

    @Example
    void a_mark_that_was_kept_tells_that_frames_are_lost() {
        Driver host = twoSyncs();
        host.files().crash(lost(first -> true));
        assertThat(refusal(host)).contains("bytes that were durable are damaged or gone");
    }

    @Example
    void a_log_that_has_lost_its_end_and_mark_with_it_is_as_it_was_earlier() {
        Driver host = twoSyncs();
        host.files().crash(PowerLoss.keeping(0));
        assertThat(host.foundOnceMore(Driver.open(host.files(), Driver.smallOptions(1))))
                .as("older than what was acknowledged, and nothing tells it")
                .isTrue();
        assertThat(host.now().lastIndex()).isEqualTo(1);
    }

    private static Driver twoSyncs() {
        Driver host = new Driver(new MemoryFiles(), Driver.smallOptions(1));
        host.create();
        host.entries(1, 1, 1, 10);
        host.sync();
        host.files().lie(new Never());
        host.entries(1, 2, 1, 1500);
        host.sync();
        host.entries(1, 3, 1, 1500);
        host.sync();
        return host;
    }

    /** Chooses to keep back everything, always. */
    private static final class Never extends Random {
        private static final long serialVersionUID = 1;

        @Override
        public boolean nextBoolean() {
            return false;
        }
    }

    private interface Choice {
        boolean isLost(boolean firstFrame);
    }

    /* Of the segment's sectors, which come after those of MARK and OWNER, the first frame's, or all. */
    private static PowerLoss lost(Choice choice) {
        return new PowerLoss() {
            @Override
            public boolean keepsChange() {
                return true;
            }

            @Override
            public boolean keepsLength() {
                return true;
            }

            @Override
            public void sector(byte[] disk, byte[] cache, int from, int to) {
                boolean segment = cache.length >= WalOptions.MIN_SEGMENT_BYTES;
                boolean first = from < Segment.HEADER_BYTES + 1024;
                if (!segment || !choice.isLost(first)) {
                    System.arraycopy(cache, from, disk, from, to - from);
                }
            }
        };
    }

    private static String refusal(Driver host) {
        try {
            Driver.open(host.files(), Driver.smallOptions(1));
            throw new AssertionError("it was opened");
        } catch (WalCorrupt e) {
            return String.valueOf(e.getMessage());
        }
    }
}
