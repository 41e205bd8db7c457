package dev.keelraft.testkit;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Simulations for as long as one likes, without a build tool:
 *
 * <pre>
 *   java -cp ... dev.keelraft.testkit.SimulationMain --seconds 900 --cores 2
 *   java -cp ... dev.keelraft.testkit.SimulationMain --seed 17 --picture run.html
 *   java -cp ... dev.keelraft.testkit.SimulationMain --seed 17 --schedule 1200:CRASH:2:0:17:800
 * </pre>
 *
 * <p>It ends with 0 if nothing was broken, with 1 if something was: then it prints the smallest schedule that it found, the command that
 * repeats it, and writes its picture to {@code keel-simulation-SEED.html}. With 2 it did not understand its arguments.
 */
public final class SimulationMain {
    private long seconds = 60;
    private int cores = 1;
    private long firstSeed = Lives.firstSeed();
    private boolean single;
    private String schedule = "";
    private String picture = "";
    private boolean hashes;
    private SimulationOptions options = SimulationOptions.defaults();

    private final AtomicLong nextSeed = new AtomicLong();
    private final AtomicReference<Report> failed = new AtomicReference<>();

    private SimulationMain() {}

    /** See the class. */
    public static void main(String[] args) throws InterruptedException, IOException {
        SimulationMain main = new SimulationMain();
        try {
            main.read(args);
        } catch (IllegalArgumentException e) {
            System.err.println(e.getMessage());
            System.err.println(
                    "usage: [--seconds N] [--cores N] [--first SEED] [--seed SEED [--schedule FAULTS] [--picture FILE]]"
                            + " [--members N] [--clients N] [--millis N] [--faults N-per-minute] [--hashes]");
            System.exit(2);
        }
        System.exit(main.single ? main.one() : main.many());
    }

    private void read(String[] args) {
        Iterator<String> rest = List.of(args).iterator();
        while (rest.hasNext()) {
            String name = rest.next();
            if (name.equals("--hashes")) {
                hashes = true;
            } else if (rest.hasNext()) {
                read(name, rest.next());
            } else {
                throw new IllegalArgumentException("what is " + name + "?");
            }
        }
    }

    private void read(String name, String value) {
        switch (name) {
            case "--seconds" -> seconds = Long.parseLong(value);
            case "--cores" -> cores = Integer.parseInt(value);
            case "--first" -> firstSeed = Long.parseLong(value);
            case "--seed" -> {
                firstSeed = Long.parseLong(value);
                single = true;
            }
            case "--schedule" -> schedule = value;
            case "--picture" -> picture = value;
            case "--members" -> options = options.withMembers(Integer.parseInt(value));
            case "--clients" -> options = options.withClients(Integer.parseInt(value));
            case "--millis" -> options = options.withMillis(Long.parseLong(value));
            case "--faults" -> options = options.withFaultsPerMinute(Integer.parseInt(value));
            default -> throw new IllegalArgumentException("what is " + name + "?");
        }
    }

    private int one() throws IOException {
        SimulationOptions traced = picture.isEmpty() ? options : options.withTrace();
        Report report = schedule.isEmpty()
                ? Simulation.run(traced, firstSeed)
                : Simulation.run(traced, firstSeed, Schedule.parse(schedule.equals("none") ? "" : schedule));
        if (!picture.isEmpty()) {
            Files.writeString(Path.of(picture), report.picture());
        }
        System.out.println(report.command());
        System.out.println(report.setup());
        System.out.println("trace " + Long.toHexString(report.traceHash()) + ", " + report.millis() + " ms, "
                + report.operations() + " operations checked");
        System.out.println(report.violation().map(Violation::getMessage).orElse("nothing was broken"));
        return report.violation().isPresent() ? 1 : 0;
    }

    private int many() throws InterruptedException, IOException {
        nextSeed.set(firstSeed);
        Lives lives = new Lives(firstSeed);
        long end = System.nanoTime() + seconds * 1_000_000_000L;
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < cores; i++) {
            Thread thread = new Thread(() -> work(lives, end), "simulation-" + i);
            thread.start();
            threads.add(thread);
        }
        long printed = System.nanoTime();
        for (Thread thread : threads) {
            while (thread.isAlive()) {
                thread.join(500);
                if (System.nanoTime() - printed > 10_000_000_000L) {
                    printed = System.nanoTime();
                    System.out.println(lives);
                }
            }
        }
        System.out.println(lives);
        System.out.println(lives.coverage());
        Report first = failed.get();
        if (first == null) {
            return 0;
        }
        Report smallest = Simulation.shrink(options, first);
        Report shown = Simulation.run(options.withTrace(), smallest.seed(), smallest.schedule());
        Path file = Path.of("keel-simulation-" + smallest.seed() + ".html");
        Files.writeString(file, shown.picture());
        System.out.println(smallest.violation().map(Violation::getMessage).orElse("it did not come again"));
        System.out.println("to repeat it: " + smallest.command());
        System.out.println("picture: " + file.toAbsolutePath());
        return 1;
    }

    private void work(Lives lives, long end) {
        while (failed.get() == null && (seconds == 0 || System.nanoTime() < end)) {
            long seed = nextSeed.getAndIncrement();
            Report report = lives.simulate(options, seed);
            if (hashes) {
                System.out.println(seed + " " + Long.toHexString(report.traceHash()));
            }
            if (report.violation().isPresent()) {
                failed.compareAndSet(null, report);
            }
        }
    }
}
