package dev.keelraft.wal;

import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Objects;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/**
 * A host in a process of its own, to which things happen: it does to a log on real files what a script says, on one thread, and
 * tells each step before and after on a pipe, which outlives it. {@link HostOracle} knows what that means.
 *
 * <pre>
 *   do STEP                         it begins
 *   ok | space TEXT | failed TEXT   how it has ended: well; there was no room, and nothing was stored; the log is poisoned
 *   found DIGEST | unread TEXT      what an open has found
 *   ready                           warm: all classes are loaded, so that from here on system calls are the log's. Waits for a line
 *   end                             nothing more will come
 * </pre>
 */
final class DoomedHost {
    /** Its arguments, the directory in front. */
    enum Life {
        /** The script once, in {@code log}, after once in {@code warm}. */
        SCRIPT,
        /** Opens {@code log}, and goes on a little, after the same with a copy of it. */
        RESTART,
        /** At random until killed, in {@code log}, at once. Needs a number that no life before had. */
        LOAD,
        /** The script again and again, each in a directory of its own, with one system call that fails: see {@link FailingCall}. */
        FAILURES
    }

    private static final int STEPS_OF_A_LIFE = 100_000;

    private final Path directory;
    private final boolean spares;
    private final boolean quiet;
    private final HostOracle oracle = new HostOracle();
    private final OutputStream out = new FileOutputStream(FileDescriptor.out);
    private @Nullable Wal wal;
    private int starts;

    private DoomedHost(Path directory, boolean spares, boolean quiet) {
        this.directory = directory;
        this.spares = spares;
        this.quiet = quiet;
    }

    /** Small segments, hardly a cache, and numbers that repeat. */
    static WalOptions options(long seed, boolean spares) {
        WalOptions options = WalOptions.defaults()
                .withSegmentBytes(WalOptions.MIN_SEGMENT_BYTES)
                .withCacheBytes(2000)
                .withRandom(new Random(seed))
                .withClock(InstantSource.fixed(Instant.ofEpochMilli(1_700_000_000_000L)));
        return spares ? options.withPreparer(Runnable::run) : options;
    }

    /** Directory, {@link Life}, whether it has spares, and what the life needs. */
    public static void main(String[] arguments) throws IOException {
        Path directory = Path.of(arguments[0]);
        boolean spares = Boolean.parseBoolean(arguments[2]);
        switch (Life.valueOf(arguments[1])) {
            case SCRIPT -> {
                new DoomedHost(directory.resolve("warm"), spares, true).script();
                DoomedHost host = new DoomedHost(directory.resolve("log"), spares, false);
                host.ready();
                host.script();
                host.say("end");
            }
            case RESTART -> {
                Trees.copy(directory.resolve("log"), directory.resolve("warm"));
                new DoomedHost(directory.resolve("warm"), spares, true).restart();
                DoomedHost host = new DoomedHost(directory.resolve("log"), spares, false);
                host.ready();
                host.restart();
                host.say("end");
            }
            case LOAD -> {
                int life = Integer.parseInt(arguments[3]);
                new DoomedHost(directory.resolve("log"), spares, false).load(life);
            }
            case FAILURES -> {
                new DoomedHost(directory.resolve("warm"), spares, true).script();
                failures(directory, spares, arguments[3], Integer.parseInt(arguments[4]));
            }
        }
        Runtime.getRuntime().halt(0);
    }

    private void script() throws IOException {
        for (HostStep step : HostScript.everything()) {
            if (!take(step)) {
                return;
            }
        }
    }

    private void restart() throws IOException {
        if (take(HostStep.of(HostStep.Kind.OPEN))) {
            for (HostStep step : HostScript.afterDeath(oracle)) {
                if (!take(step)) {
                    return;
                }
            }
        }
    }

    private void load(int life) throws IOException {
        Random random = new Random(life);
        boolean well = take(HostStep.of(Wal.exists(directory) ? HostStep.Kind.OPEN : HostStep.Kind.CREATE));
        for (int i = 0; well; i++) {
            HostStep next = HostScript.load(oracle, random, life * STEPS_OF_A_LIFE + i);
            well = take(next) && (next.kind() != HostStep.Kind.CLOSE || take(HostStep.of(HostStep.Kind.OPEN)));
        }
    }

    /*
     * The tracer lets every period-th call fail, counted from when it began. The first failure is that of a call of our own,
     * from where on we know the count, and can have any call of the next run fail by making calls of our own before it.
     */
    private static void failures(Path directory, boolean spares, String call, int period) throws IOException {
        DoomedHost teller = new DoomedHost(directory, spares, false);
        FailingCall burner = new FailingCall(directory, call);
        burner.make();
        teller.ready();
        burner.makeUntilFailure(period); // which loads classes, and so makes calls of its own
        for (int failing = 1; failing < period; failing++) {
            burner.makeUntilFailure(period);
            burner.make(period - failing);
            teller.say("run " + failing);
            DoomedHost host = new DoomedHost(directory.resolve("log-" + failing), spares, false);
            host.script();
            host.afterFailure();
            teller.say("ran " + failing);
        }
        teller.say("end");
    }

    /* A log that has failed must take no more calls, and close all the same. */
    private void afterFailure() throws IOException {
        if (wal == null) {
            return;
        }
        if (oracle.hasFailed()) {
            Wal failed = wal;
            take(HostStep.append(0, 100, oracle.now(0).lastIndex() + 1, 1, 10));
            take(HostStep.of(HostStep.Kind.SYNC));
            take(HostStep.save(0, oracle.now(0).hardState().commit(), 99));
            wal = null;
            failed.close();
        } else {
            take(HostStep.of(HostStep.Kind.CLOSE));
        }
    }

    /** Does a step, once more if there was no room. Returns whether it has ended well. */
    private boolean take(HostStep step) throws IOException {
        try {
            if (wal != null) {
                step.prepare(wal);
            }
        } catch (IOException e) {
            say("host " + e);
            return false;
        }
        boolean well = take(step, true);
        try {
            if (well && wal != null) {
                step.tidy(wal);
            }
        } catch (IOException e) {
            say("host " + e); // There are more files than need be, no harm.
        }
        return well;
    }

    private boolean take(HostStep step, boolean again) throws IOException {
        LogState before = oracle.now(step.group());
        say("do " + step);
        try {
            switch (step.kind()) {
                case CREATE -> wal = Wal.create(directory, HostOracle.IDENTITY, options(++starts, spares));
                case OPEN -> {
                    wal = Wal.open(directory, HostOracle.IDENTITY, options(++starts, spares));
                    if (!found(wal)) {
                        return false;
                    }
                }
                case CLOSE -> {
                    Wal closing = openLog();
                    wal = null;
                    closing.close();
                }
                default -> step.doTo(openLog(), before);
            }
        } catch (WalSpaceExhausted e) {
            say("space " + e.getMessage());
            return again && take(step, false);
        } catch (WalException e) {
            say("failed " + e.getClass().getSimpleName() + ": " + e.getMessage());
            return false;
        }
        say("ok");
        return true;
    }

    /*
     * In a log that this process did not make, it believes what the log says; the test knows better. A read that fails is the
     * reader's matter, and does not end the log.
     */
    private boolean found(Wal opened) throws IOException {
        try {
            say("found " + HostOracle.digest(oracle.learn(Driver.allOf(opened))));
            return true;
        } catch (WalFailed e) {
            say("unread " + e.getMessage());
            return false;
        }
    }

    private Wal openLog() {
        return Objects.requireNonNull(wal, "no log is open");
    }

    private void ready() throws IOException {
        say("ready");
        InputStream in = new FileInputStream(FileDescriptor.in);
        while (in.read() != '\n') {
            // The test has not attached its tracer yet.
        }
    }

    private void say(String line) throws IOException {
        if (!quiet) {
            out.write((line.replace('\n', ' ') + "\n").getBytes(StandardCharsets.UTF_8));
        }
        oracle.hear(line);
    }
}
