package dev.keelraft.example.kv;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Message;
import dev.keelraft.example.etcd.wire.DeleteRangeRequest;
import dev.keelraft.example.etcd.wire.KeyValue;
import dev.keelraft.example.etcd.wire.PutRequest;
import dev.keelraft.example.etcd.wire.TxnRequest;
import dev.keelraft.example.kv.wire.Command;
import dev.keelraft.example.kv.wire.Refusal;
import dev.keelraft.example.kv.wire.Result;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.statistics.Statistics;
import net.jqwik.api.statistics.StatisticsReport;
import net.jqwik.api.statistics.StatisticsReport.StatisticsReportMode;

/** Processes that lose answers, propose again, and meet old copies of their commands, in any order. */
class SessionPropertyTest {
    /** A server process. */
    private static final class Sender {
        final long session;
        long lastSequence = 1;

        /** What it has no result of. The commands of a sender put keys of their own. */
        final TreeMap<Long, PutRequest> pending = new TreeMap<>();

        final Map<Long, Result> results = new HashMap<>();

        Sender(long session) {
            this.session = session;
        }

        String key(long sequence) {
            return "key of " + session + " and " + sequence;
        }

        Command next() {
            lastSequence++;
            pending.put(lastSequence, Requests.put(key(lastSequence), "x"));
            return command(lastSequence);
        }

        Command command(long sequence) {
            return Command.newBuilder()
                    .setSession(session)
                    .setSequence(sequence)
                    .setAcknowledgedBelow(pending.firstKey())
                    .setPut(Objects.requireNonNull(pending.get(sequence)))
                    .build();
        }

        void applied(Command command, Result result) {
            long sequence = command.getSequence();
            if (pending.remove(sequence) != null) {
                assertThat(result.hasPut()).as("%s, for %s", result, command).isTrue();
                results.put(sequence, result);
            } else if (results.containsKey(sequence) && !result.hasRefusal()) {
                assertThat(result).isEqualTo(results.get(sequence));
            } else if (results.containsKey(sequence)) {
                assertThat(result.getRefusal()).isEqualTo(Refusal.ALREADY_ACKNOWLEDGED);
            }
        }
    }

    @Property
    @StatisticsReport(StatisticsReportMode.OFF)
    void every_command_is_executed_once(@ForAll long seed, @ForAll @IntRange(min = 1, max = 300) int steps) {
        Random random = new Random(seed);
        List<Sender> senders = List.of(new Sender(1), new Sender(-2), new Sender(3));
        List<Command> inFlight = new ArrayList<>();
        List<Command> sent = new ArrayList<>();
        KeyValueState state = KeyValueState.EMPTY;
        long index = 0;
        for (Sender sender : senders) {
            Command register = TestMember.register(sender.session, 1, 0);
            sent.add(register);
            state = state.apply(register, ++index).state();
        }
        for (int i = 0; i < steps; i++) {
            Sender sender = senders.get(random.nextInt(senders.size()));
            int action = random.nextInt(100);
            if (action < 25) {
                sent.add(sender.next());
                inFlight.add(sent.get(sent.size() - 1));
            } else if (action < 40 && !sender.pending.isEmpty()) {
                sent.add(sender.command(pick(random, List.copyOf(sender.pending.keySet()))));
                inFlight.add(sent.get(sent.size() - 1));
            } else if (action < 50) {
                inFlight.add(pick(random, sent));
            } else if (!inFlight.isEmpty()) {
                Command command = inFlight.remove(random.nextInt(inFlight.size()));
                if (action < 90) {
                    KeyValueState.Applied applied = state.apply(command, ++index);
                    state = applied.state();
                    deliver(senders, command, applied.result());
                    Statistics.label("result")
                            .collect(
                                    applied.result().hasRefusal()
                                            ? applied.result().getRefusal()
                                            : "executed");
                }
            }
        }
        for (Sender sender : senders) {
            for (long sequence : List.copyOf(sender.pending.keySet())) {
                Command command = sender.command(sequence);
                KeyValueState.Applied applied = state.apply(command, ++index);
                state = applied.state();
                deliver(senders, command, applied.result());
            }
        }

        long commands = 0;
        for (Sender sender : senders) {
            commands += sender.lastSequence - 1;
            for (long sequence = 2; sequence <= sender.lastSequence; sequence++) {
                KeyValue pair = Objects.requireNonNull(state.store().keys().get(Requests.bytes(sender.key(sequence))));
                Result result = Objects.requireNonNull(sender.results.get(sequence));
                assertThat(pair.getVersion()).isEqualTo(1);
                assertThat(result.getPut().getHeader().getRevision()).isEqualTo(pair.getModRevision());
            }
        }
        assertThat(state.revision()).isEqualTo(1 + commands);
        Statistics.label("result")
                .coverage(
                        coverage -> coverage.check(Refusal.ALREADY_ACKNOWLEDGED).percentage(share -> share > 2));
    }

    private static void deliver(List<Sender> senders, Command command, Result result) {
        for (Sender sender : senders) {
            if (sender.session == command.getSession()) {
                sender.applied(command, result);
            }
        }
    }

    private static <T> T pick(Random random, List<T> list) {
        return list.get(random.nextInt(list.size()));
    }

    @Property(tries = 300)
    void copies_of_commands_change_neither_the_state_nor_its_snapshot(
            @ForAll long seed, @ForAll @IntRange(min = 1, max = 60) int count) throws IOException {
        Random random = new Random(seed);
        List<Command> log = log(seed, count);
        KeyValueState plain = KeyValueState.EMPTY;
        KeyValueState again = KeyValueState.EMPTY;
        KeyValueState withCopies = KeyValueState.EMPTY;
        List<Result> results = new ArrayList<>();
        for (int i = 0; i < log.size(); i++) {
            long index = 100L * (i + 1);
            KeyValueState.Applied applied = plain.apply(log.get(i), index);
            plain = applied.state();
            again = again.apply(CommandCodec.decode(CommandCodec.encode(log.get(i))), index)
                    .state();
            withCopies = withCopies.apply(log.get(i), index).state();
            results.add(applied.result());
            for (int copies = random.nextInt(3); copies > 0; copies--) {
                int which = random.nextInt(i + 1);
                KeyValueState.Applied copy = withCopies.apply(log.get(which), ++index);
                if (copy.result().getRefusal() != Refusal.ALREADY_ACKNOWLEDGED) {
                    assertThat(copy.result()).isEqualTo(results.get(which));
                }
                withCopies = copy.state();
            }
        }

        assertThat(again).isEqualTo(plain).hasSameHashCodeAs(plain);
        assertThat(withCopies).isEqualTo(plain);
        assertThat(snapshot(again)).isEqualTo(snapshot(plain));
        assertThat(snapshot(withCopies)).isEqualTo(snapshot(plain));
    }

    /** Commands of two sessions, of which some were acknowledged. */
    private static List<Command> log(long seed, int count) {
        Random random = new Random(seed);
        RandomRequests requests = new RandomRequests(seed, true);
        long[] sequences = {1, 1};
        long[] acknowledged = {1, 1};
        List<Command> log = new ArrayList<>();
        log.add(TestMember.register(0, 1, 0));
        log.add(TestMember.register(1, 1, 0));
        for (int i = 0; i < count; i++) {
            int session = random.nextInt(2);
            sequences[session]++;
            acknowledged[session] += random.nextLong(sequences[session] - acknowledged[session] + 1);
            Command.Builder command = Command.newBuilder()
                    .setSession(session)
                    .setSequence(sequences[session])
                    .setAcknowledgedBelow(acknowledged[session]);
            Message request = requests.nextWrite(i / 2);
            if (request instanceof PutRequest put) {
                command.setPut(put);
            } else if (request instanceof DeleteRangeRequest deletion) {
                command.setDeleteRange(deletion);
            } else {
                command.setTxn((TxnRequest) request);
            }
            log.add(command.build());
        }
        return log;
    }

    private static byte[] snapshot(KeyValueState state) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        SnapshotFormat.write(out, SnapshotFormatTest.POSITION, state);
        return out.toByteArray();
    }
}
