package dev.keelraft.wal;

import dev.keelraft.model.Entry;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.CRC32C;

/**
 * What must be in the log of a {@link DoomedHost}, by what that has said before it died: a list of the states that the log has
 * had, and the position up to which they are acknowledged. Whatever an open finds must be one of them, not before that.
 */
final class HostOracle {
    static final WalIdentity IDENTITY = new WalIdentity(0xFA, 2);

    /** What each group had, those left out that had nothing. */
    private final List<Map<Long, LogState>> states = new ArrayList<>(List.of(Map.of()));

    private int acknowledged;
    private boolean created;
    private boolean failed;
    private String step = "";
    private int acknowledgements;
    private int refusals;
    private int lines;

    /** Takes one line of what the host says. */
    void hear(String line) {
        lines++;
        int space = line.indexOf(' ');
        String word = space < 0 ? line : line.substring(0, space);
        String rest = line.substring(space + 1);
        switch (word) {
            case "do" -> submit(rest);
            case "ok" -> succeed();
            case "found" -> found(rest);
            case "space" -> refused();
            case "failed" -> failed = true;
            default -> {
                // Not about the log.
            }
        }
    }

    private void submit(String text) {
        step = text;
        HostStep next = HostStep.parse(text);
        if (next.kind() == HostStep.Kind.OPEN) {
            failed = false; // A new run, which finds what it finds.
        }
        Map<Long, LogState> all = new HashMap<>(now());
        all.put(next.group(), next.after(now(next.group())));
        states.add(withoutEmpty(all));
    }

    private void succeed() {
        if (failed) {
            throw new AssertionError("a log that had failed has done this: " + step);
        }
        HostStep.Kind kind = HostStep.parse(step).kind();
        created |= kind == HostStep.Kind.CREATE;
        if (kind.acknowledges()) {
            acknowledgements++;
            acknowledged = states.size() - 1;
        }
    }

    /* Nothing was stored, so it is as if nothing had been submitted. */
    private void refused() {
        refusals++;
        states.remove(states.size() - 1);
    }

    /** An open has found a state. From here on that must never be lost again. */
    private void found(String digest) {
        Map<Long, LogState> found = allowed().stream()
                .filter(state -> digest(state).equals(digest))
                .findFirst()
                .orElseThrow(() -> new AssertionError("found " + digest + ", not among "
                        + allowed().stream().map(HostOracle::digest).toList() + " of which the first is acknowledged"));
        found(found);
    }

    private void found(Map<Long, LogState> found) {
        states.clear();
        states.add(found);
        acknowledged = 0;
        created = true;
        failed = false;
    }

    /** Believes what a log holds that somebody else has made. */
    Map<Long, LogState> learn(Map<Long, LogState> all) {
        found(all);
        return all;
    }

    /**
     * Opens the log that a host has left, and checks what is in it, twice: what was found once must be there again. A log whose
     * creation was not acknowledged need not be there, and then can be created.
     */
    void check(Path directory) {
        if (!created && !Wal.exists(directory)) {
            Wal.create(directory, IDENTITY, DoomedHost.options(1, false)).close();
            return;
        }
        for (int i = 0; i < 2; i++) {
            Map<Long, LogState> found = open(directory);
            if (!allowed().contains(found)) {
                throw new AssertionError("in " + directory + " found " + found + "\nnot among " + allowed());
            }
            found(found);
        }
    }

    private static Map<Long, LogState> open(Path directory) {
        try (Wal wal = Wal.open(directory, IDENTITY, DoomedHost.options(1, false))) {
            return Driver.allOf(wal);
        }
    }

    private static Map<Long, LogState> withoutEmpty(Map<Long, LogState> all) {
        all.values().removeIf(LogState.EMPTY::equals);
        return Map.copyOf(all);
    }

    private List<Map<Long, LogState>> allowed() {
        return states.subList(acknowledged, states.size());
    }

    /** The newest state, all of it submitted. */
    Map<Long, LogState> now() {
        return states.get(states.size() - 1);
    }

    LogState now(long group) {
        return now().getOrDefault(group, LogState.EMPTY);
    }

    /** How often something was acknowledged. */
    int acknowledgements() {
        return acknowledgements;
    }

    /** How often there was no room. */
    int refusals() {
        return refusals;
    }

    /** Whether the log has failed since it was opened last. */
    boolean hasFailed() {
        return failed;
    }

    int lines() {
        return lines;
    }

    /** A few characters that differ where states differ, payloads included. */
    static String digest(Map<Long, LogState> all) {
        CRC32C crc = new CRC32C();
        StringBuilder counts = new StringBuilder();
        for (Map.Entry<Long, LogState> group : new TreeMap<>(all).entrySet()) {
            LogState state = group.getValue();
            String text = group.getKey() + " " + state.hardState() + state.startIndex() + " " + state.startTerm()
                    + state.snapshot() + state.snapshotFile();
            crc.update(text.getBytes(StandardCharsets.UTF_8));
            for (Entry entry : state.entries()) {
                crc.update((entry.index() + "/" + entry.term()).getBytes(StandardCharsets.UTF_8));
                crc.update(entry.data());
            }
            counts.append(group.getKey()).append(':').append(state.lastIndex()).append(',');
        }
        return counts + String.format("%08x", crc.getValue());
    }
}
