package dev.keelraft.wal;

import static org.assertj.core.api.Assertions.assertThat;

import dev.keelraft.wal.MemoryFiles.Damage;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import net.jqwik.api.Example;

/**
 * Power losses in great number: members that live through one after the other, at random moments of everything that a log
 * does, and in random ways. After each the log must open, with all that was acknowledged, in a state that it has had. So many
 * as the system property {@code keel.wal.losses} says; {@code -Pcrashes} says a million. What was hit, and how, is counted, and
 * nothing that can be hit may be left out.
 */
class PowerLossesTest {
    private static final int LOSSES = Integer.getInteger("keel.wal.losses", 20_000);
    private static final int FIRST_SEED = Integer.getInteger("keel.wal.seed", 0);
    private static final int LIVES = 12;
    private static final int MOST_OPERATIONS = 50;
    private static final List<Damage> DAMAGES = List.of(Damage.values());
    private static final String TOTAL = "total";

    /** Losses by what the log was doing, and of these by what became of unsynced sectors. */
    private final Map<String, Map<String, Integer>> losses = new TreeMap<>();

    private final Map<String, Integer> hosts = new TreeMap<>();
    private int count;
    private int deaths;
    private long dropped;
    private long acknowledged;

    @Example
    void power_losses_in_great_number_lose_nothing_and_raise_no_alarm() {
        int seed = FIRST_SEED;
        for (; count < LOSSES; seed++) {
            try {
                manyLives(seed);
            } catch (RuntimeException | Error e) {
                throw new AssertionError("seed " + seed + " (-Dkeel.wal.seed=" + seed + "): " + e, e);
            }
        }
        System.out.println("PowerLossesTest: " + count + " power losses and " + deaths + " deaths of the process in "
                + (seed - FIRST_SEED) + " members, seeds " + FIRST_SEED + " to " + (seed - 1) + ", " + acknowledged
                + " acknowledged batches kept, 0 lost, 0 false alarms, " + dropped + " torn ends; " + hosts);
        losses.forEach((phase, by) -> System.out.println("  " + phase + " " + by));
        assertEverythingWasHit();
    }

    private void assertEverythingWasHit() {
        List<String> phases = List.of(
                "append",
                "close",
                "create",
                "cut",
                "install",
                "open",
                "release",
                "snapshot",
                "spare",
                "sync",
                "between");
        assertThat(losses.keySet()).containsExactlyInAnyOrderElementsOf(phases);
        losses.forEach((phase, by) -> assertThat(by).as(phase).hasSize(DAMAGES.size() + 1));
        assertThat(hosts).hasSize(7);
        assertThat(dropped).isPositive();
    }

    private void manyLives(int seed) {
        Random random = new Random(seed);
        Driver host = host(seed, random);
        createThroughLosses(host, random);
        for (int life = 0; life < LIVES; life++) {
            boolean between = random.nextInt(8) == 0;
            host.files().powerOffAt(0, random);
            if (between) {
                for (int i = random.nextInt(20); i > 0; i--) {
                    Workload.step(host, random);
                }
                afterwards(host, random, "between");
            } else {
                powerOffWithin(host, MOST_OPERATIONS, random);
                untilItFails(host, random);
            }
            openThroughLosses(host, random);
        }
        acknowledged += host.acknowledgedBatches();
    }

    /* One group or several, with spares or without, on a thread of its own or not. */
    private Driver host(int seed, Random random) {
        boolean spares = seed % 2 == 1;
        boolean ownThread = seed / 2 % 2 == 1;
        int groups = 1 + seed / 4 % 3;
        hosts.merge(spares ? "with spares" : "without spares", 1, Integer::sum);
        hosts.merge(ownThread ? "own thread" : "one thread", 1, Integer::sum);
        hosts.merge(groups + " groups", 1, Integer::sum);
        WalOptions options = Driver.smallOptions(seed);
        Driver host = new Driver(new MemoryFiles(), ownThread ? options.onItsOwnThread() : options, spares)
                .withGroups(groups);
        host.files().runJobsAtAnyMoment(random);
        return host;
    }

    /* Until the first open has returned nothing was promised, not even that there is a log: a host begins again. */
    private void createThroughLosses(Driver host, Random random) {
        while (true) {
            if (random.nextInt(3) == 0) {
                powerOffWithin(host, 30, random);
            }
            try {
                if (host.files().exists(Driver.RAFT)) {
                    host.open();
                } else {
                    host.create();
                }
                return;
            } catch (WalFailed expected) {
                assertThat(host.files().isOff()).as("%s", expected).isTrue();
                afterwards(host, random, host.files().exists(Driver.RAFT) ? "open" : "create");
            }
        }
    }

    private void untilItFails(Driver host, Random random) {
        try {
            while (true) {
                Workload.step(host, random);
            }
        } catch (WalFailed expected) {
            assertThat(host.files().isOff()).as("%s", expected).isTrue();
            afterwards(host, random, phase(host.doing(), host.files().failed()));
        }
    }

    private void openThroughLosses(Driver host, Random random) {
        while (true) {
            if (random.nextInt(3) == 0) {
                powerOffWithin(host, 30, random);
            }
            try {
                host.open();
                dropped += host.wal().recovered().droppedBytes() > 0 ? 1 : 0;
                return;
            } catch (WalFailed expected) {
                assertThat(host.files().isOff()).as("%s", expected).isTrue();
                afterwards(host, random, "open");
            }
        }
    }

    private static void powerOffWithin(Driver host, int operations, Random random) {
        host.files().powerOffAt(host.files().operations() + 1 + random.nextInt(operations), random);
    }

    /* The machine dies, or in one case of six the process alone. */
    private void afterwards(Driver host, Random random, String phase) {
        host.files().powerOffAt(0, random);
        if (random.nextInt(6) == 0) {
            host.files().kill();
            deaths++;
            return;
        }
        Damage damage = DAMAGES.get(random.nextInt(DAMAGES.size()));
        host.files().crash(random, damage);
        count++;
        Map<String, Integer> by = losses.computeIfAbsent(phase, p -> new TreeMap<>());
        by.merge(damage.toString(), 1, Integer::sum);
        by.merge(TOTAL, 1, Integer::sum);
    }

    /* What touches a file that is none of the log yet, or forces one in an append, is part of a cut. */
    private static String phase(String doing, String operation) {
        if (operation.contains(" spare-") && !operation.startsWith("rename")) {
            return "spare";
        }
        boolean cut = operation.startsWith("force 0")
                || operation.startsWith("force MARK")
                || operation.startsWith("rename")
                || operation.equals("sync wal")
                || operation.contains(" next.tmp");
        return cut && (doing.equals("append") || doing.equals("install")) ? "cut" : doing;
    }
}
