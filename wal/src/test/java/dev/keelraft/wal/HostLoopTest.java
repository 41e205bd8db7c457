package dev.keelraft.wal;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.keelraft.Applied;
import dev.keelraft.ConfChangeResult;
import dev.keelraft.RaftConfig;
import dev.keelraft.RawNode;
import dev.keelraft.ReadResult;
import dev.keelraft.ReadState;
import dev.keelraft.Ready;
import dev.keelraft.model.Body;
import dev.keelraft.model.ConfChange;
import dev.keelraft.model.ConfChange.ChangeType;
import dev.keelraft.model.ConfState;
import dev.keelraft.model.Entry;
import dev.keelraft.model.EntryType;
import dev.keelraft.model.Message;
import dev.keelraft.model.MessageType;
import dev.keelraft.model.RaftRole;
import dev.keelraft.model.Snapshot;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The whole of a small host, which the README shows, and a group of three of them on real files. A crash is that of a process:
 * the files are taken as the operating system has them at that moment, and the log is not closed before.
 */
class HostLoopTest {
    private static final long SEED = 17;
    private static final List<Long> VOTERS = List.of(1L, 2L, 3L);

    @TempDir
    private Path directory;

    private final Map<Long, Member> members = new TreeMap<>();
    private final ArrayDeque<Message> network = new ArrayDeque<>();
    private int lives;

    // tag::host-loop
    /** One member. It belongs to one thread; after each tick, step and proposal that calls {@code handleReadys}. */
    static final class Host {
        final RawNode node;
        private final Wal wal;
        private final StateMachine machine;
        private final Consumer<Message> network;

        Host(RaftConfig config, List<Long> voters, Wal wal, StateMachine machine, Consumer<Message> network) {
            this.wal = wal;
            this.machine = machine;
            this.network = network;
            machine.install(wal.recovered().snapshot());
            node = wal.recovered().lastIndex() == 0 // nothing was stored yet: the first life
                    ? RawNode.bootstrap(config, wal.storage(), voters)
                    : RawNode.restart(config, wal.storage(), machine.applied());
        }

        void handleReadys() {
            while (node.hasReady()) {
                Ready ready = node.ready();
                ready.messages().forEach(network);
                wal.append(ready, machine.fileOf(ready.snapshot())); // all of it, or nothing
                if (ready.mustSync()) {
                    wal.sync();
                }
                ready.messagesAfterPersist().forEach(network); // what they promise is on the disk
                machine.install(ready.snapshot()); // if there is one
                for (Entry entry : ready.committedEntries()) {
                    if (entry.type().isConfChange()) {
                        machine.apply(entry.index(), node.applyConfChange(entry));
                    } else {
                        machine.apply(entry.index(), entry.data()); // empty: the first entry of a leader
                    }
                }
                machine.serve(ready.readStates()); // each once its index is applied
                node.advance(ready);
            }
        }
    }
    // end::host-loop

    /** A list of texts; what is applied goes to its end. A snapshot is a file with one line for each. */
    private static final class StateMachine {
        private final Path snapshots;
        private final List<String> texts = new ArrayList<>();
        private final List<ReadState> waiting = new ArrayList<>();
        private final Map<String, List<String>> answers = new HashMap<>();
        private Applied applied = Applied.NOTHING;
        private int installed;

        StateMachine(Path snapshots) {
            this.snapshots = snapshots;
        }

        Applied applied() {
            return applied;
        }

        void install(Snapshot snapshot) {
            if (snapshot.isNone()) {
                return;
            }
            try {
                texts.clear();
                texts.addAll(Files.readAllLines(pathOf(snapshot), UTF_8));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            applied = new Applied(snapshot.index(), snapshot.confState());
            installed++;
        }

        void apply(long index, ConfChangeResult change) {
            assertThat(index).isEqualTo(applied.index() + 1);
            applied = new Applied(index, change.confState());
        }

        void apply(long index, byte[] data) {
            assertThat(index).isEqualTo(applied.index() + 1);
            if (data.length > 0) {
                texts.add(new String(data, UTF_8));
            }
            applied = new Applied(index, applied.confState());
        }

        void serve(List<ReadState> confirmed) {
            waiting.addAll(confirmed);
            for (ReadState read : waiting) {
                if (read.index() <= applied.index()) {
                    answers.put(new String(read.context(), UTF_8), List.copyOf(texts));
                }
            }
            waiting.removeIf(read -> read.index() <= applied.index());
        }

        SnapshotFile fileOf(Snapshot snapshot) {
            try {
                return snapshot.isNone() ? SnapshotFile.NONE : SnapshotFile.of(pathOf(snapshot));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        Path pathOf(Snapshot snapshot) {
            return snapshots.resolve(snapshot.term() + "-" + snapshot.index() + ".snap");
        }
    }

    /** A host with its files, in one of its lives. */
    private final class Member {
        private final Path data;
        private final Wal wal;
        private final StateMachine machine;
        private final Host host;

        Member(long id, Path data) {
            this.data = data;
            lives++;
            WalIdentity identity = new WalIdentity(1, id);
            WalOptions options = WalOptions.defaults()
                    .withSegmentBytes(WalOptions.MIN_SEGMENT_BYTES)
                    .withRandom(new Random(SEED + 1000L * lives));
            wal = Wal.exists(data) ? Wal.open(data, identity, options) : Wal.create(data, identity, options);
            machine = new StateMachine(wal.snapshotDirectory());
            RaftConfig config = RaftConfig.builder(id, new Random(SEED + lives)).build();
            host = new Host(config, VOTERS, wal, machine, network::add);
        }

        boolean leads() {
            return host.node.status().softState().role() == RaftRole.LEADER;
        }

        void saveSnapshot() throws IOException {
            Applied applied = machine.applied();
            long term = wal.storage().term(applied.index());
            Snapshot snapshot = new Snapshot(applied.index(), term, applied.confState(), new byte[0]);
            Files.write(machine.pathOf(snapshot), machine.texts, UTF_8);
            wal.saveSnapshot(snapshot, machine.fileOf(snapshot));
            wal.release(snapshot.index());
        }
    }

    @AfterEach
    void close() {
        members.values().forEach(member -> member.wal.close());
    }

    @Test
    void three_hosts_agree_through_crashes_a_change_of_members_and_a_snapshot() throws IOException {
        VOTERS.forEach(this::start);
        runUntil(() -> leader().isPresent());
        propose("a", 20);
        runUntil(() -> allHave(20));

        long leader = leader().orElseThrow().host.node.status().id();
        propose("never stored ", 20);
        Path left = crash(leader);
        runUntil(() -> leader().isPresent());
        propose("b", 20);
        runUntil(() -> allHave(40));
        restart(leader, left);
        assertThat(logged(member(leader))).as("what it had acknowledged").isEqualTo(texts("a", 20));
        runUntil(() -> allHave(40));

        leader().orElseThrow().host.node.proposeConfChange(ConfChange.v1(0, ChangeType.ADD_LEARNER, 3, new byte[0]));
        ConfState changed = ConfState.of(List.of(1L, 2L), List.of(3L));
        runUntil(() -> members.values().stream()
                        .allMatch(member -> member.machine.applied().confState().equals(changed))
                && leader().isPresent());

        left = crash(3);
        propose("c", 20);
        runUntil(() -> allHave(60));
        for (Member member : members.values()) {
            member.saveSnapshot();
        }
        restart(3, left);
        runUntil(() -> allHave(60));
        assertThat(member(3).machine.installed)
                .as("the entries that it missed are gone")
                .isEqualTo(1);

        left = crash(3);
        restart(3, left);
        assertThat(member(3).machine.installed)
                .as("it starts from that snapshot")
                .isEqualTo(1);

        List<String> expected = Stream.of("a", "b", "c")
                .flatMap(name -> texts(name, 20).stream())
                .toList();
        assertThat(members.values()).hasSize(3).allSatisfy(member -> {
            assertThat(member.machine.texts).isEqualTo(expected);
            assertThat(member.machine.applied().confState()).isEqualTo(changed);
        });
        assertThat(read("now?")).isEqualTo(expected);
    }

    /** Of the README's block nothing else is compiled, so it must be this. */
    @Test
    void the_readme_shows_this_loop() throws IOException {
        Path module = Path.of(System.getProperty("basedir", "")).toAbsolutePath();
        List<String> source =
                Files.readAllLines(module.resolve("src/test/java/dev/keelraft/wal/HostLoopTest.java"), UTF_8);
        List<String> loop =
                source.subList(source.indexOf("    // tag::host-loop") + 1, source.indexOf("    // end::host-loop"));
        assertThat(loop).hasSizeBetween(20, 40);

        String shown = loop.stream()
                .map(line -> line.isEmpty() ? "" : line.substring(4))
                .collect(Collectors.joining("\n", "```java\n", "\n```\n"));
        assertThat(Files.readString(module.resolveSibling("README.md"), UTF_8)).contains(shown);
    }

    private void start(long id) {
        members.put(id, new Member(id, directory.resolve("member-" + id)));
    }

    private Member member(long id) {
        return Objects.requireNonNull(members.get(id));
    }

    /** Ends a life without a close, and returns the directory that the next one begins with. */
    private Path crash(long id) throws IOException {
        Member member = member(id);
        members.remove(id);
        Path left = directory.resolve("life-" + lives + "-of-" + id);
        try (Stream<Path> files = Files.walk(member.data)) {
            for (Path file : files.toList()) {
                Files.copy(file, left.resolve(member.data.relativize(file)));
            }
        }
        // Only now, so that the lock and the open files are given up; the copy does not see it.
        member.wal.close();
        return left;
    }

    private void restart(long id, Path left) {
        Member member = new Member(id, left);
        members.put(id, member);
        assertThat(member.wal.recovered().cleanClose()).isFalse();
        member.host.handleReadys();
    }

    /** To the leader, in one go: they share its next Ready, and its sync. */
    private void propose(String name, int count) {
        Member leader = leader().orElseThrow();
        for (String text : texts(name, count)) {
            assertThat(leader.host.node.propose(text.getBytes(UTF_8)).isAccepted())
                    .isTrue();
        }
    }

    private static List<String> texts(String name, int count) {
        return IntStream.range(0, count).mapToObj(i -> name + i).toList();
    }

    private static List<String> logged(Member member) {
        WalStorage storage = member.wal.storage();
        return storage.entries(storage.firstIndex(), storage.lastIndex() + 1, Long.MAX_VALUE).stream()
                .filter(entry -> entry.type() == EntryType.NORMAL && entry.payloadBytes() > 0)
                .map(entry -> new String(entry.data(), UTF_8))
                .toList();
    }

    private List<String> read(String name) {
        Member leader = leader().orElseThrow();
        assertThat(leader.host.node.readIndex(name.getBytes(UTF_8))).isEqualTo(ReadResult.ACCEPTED);
        runUntil(() -> leader.machine.answers.containsKey(name));
        return leader.machine.answers.getOrDefault(name, List.of());
    }

    private Optional<Member> leader() {
        return members.values().stream().filter(Member::leads).findFirst();
    }

    private boolean allHave(int count) {
        return members.values().stream().allMatch(member -> member.machine.texts.size() == count);
    }

    /** Lets time pass, one tick after the other; between two of them every message arrives. */
    private void runUntil(BooleanSupplier condition) {
        for (int tick = 0; !condition.getAsBoolean(); tick++) {
            assertThat(tick).as("ticks, with seed %d", SEED).isLessThan(200);
            members.values().forEach(member -> {
                member.host.node.tick();
                member.host.handleReadys();
            });
            while (!network.isEmpty()) {
                deliver(network.remove());
            }
        }
    }

    private void deliver(Message message) {
        Member to = members.get(message.to());
        Member from = members.get(message.from());
        if (to == null || from == null) {
            return;
        }
        boolean brings = message.type() == MessageType.INSTALL_SNAPSHOT;
        if (brings) {
            fetch(((Body.InstallSnapshot) message.body()).snapshot(), from.machine, to.machine);
        }
        to.host.node.step(message);
        to.host.handleReadys();
        if (brings) {
            from.host.node.reportSnapshot(message.to(), true);
            from.host.handleReadys();
        }
    }

    /** The bulk of a snapshot goes its own way, and is there in full before the kernel hears of it. */
    private static void fetch(Snapshot snapshot, StateMachine from, StateMachine to) {
        try {
            byte[] content = Files.readAllBytes(from.pathOf(snapshot));
            if (!Files.exists(to.pathOf(snapshot))) {
                Files.write(to.pathOf(snapshot), content);
            }
            assertThat(Arrays.equals(Files.readAllBytes(to.pathOf(snapshot)), content))
                    .isTrue();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
