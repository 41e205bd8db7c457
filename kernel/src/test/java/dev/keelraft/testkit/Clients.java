package dev.keelraft.testkit;

import dev.keelraft.testkit.Violation.Rule;
import java.util.ArrayList;
import java.util.List;

/**
 * Clients that do one thing after the other, ask again where they get no answer, and write down what they saw. A command that is
 * tried again keeps its number; a client that gives one up goes on under a new name.
 */
final class Clients {
    /** How long one waits before it asks again, somewhere else. */
    private static final int PATIENCE_MILLIS = 1_500;

    /** How often one asks before it gives up. */
    private static final int ATTEMPTS = 12;

    private final World world;
    private final Dice dice;
    private final int keys;
    private final List<Operation> history = new ArrayList<>();
    private final List<Client> clients = new ArrayList<>();
    private boolean stopped;
    private long moments;
    private long names;
    private long values;
    private long completed;
    private long retried;

    Clients(World world, Dice dice, int count) {
        this.world = world;
        this.dice = dice;
        this.keys = dice.between(1, 3);
        for (int i = 0; i < count; i++) {
            Client client = new Client();
            clients.add(client);
            world.agenda().in(dice.between(0, 500), client::next);
        }
    }

    long completed() {
        return completed;
    }

    long retried() {
        return retried;
    }

    /** Nobody begins anything any more. */
    void stop() {
        stopped = true;
    }

    boolean areIdle() {
        return clients.stream().allMatch(client -> client.attempt == 0);
    }

    /** All that was done, with what is not answered yet. */
    List<Operation> history() {
        List<Operation> all = new ArrayList<>(history);
        for (Client client : clients) {
            if (client.attempt > 0) {
                all.add(client.operation(0, Operation.NEVER));
            }
        }
        return all;
    }

    void check() {
        Linearizability.violation(history()).ifPresent(operations -> {
            int from = Math.max(0, operations.size() - 12);
            throw new Violation(
                    Rule.LINEARIZABILITY,
                    "no register behaves like this, up to the last that can be explained, and the first that cannot: "
                            + operations.subList(from, operations.size()));
        });
    }

    private final class Client {
        private long name = ++names;
        private long number;
        private int key;
        private boolean write;
        private boolean lease;
        private long value;
        private long invoked;

        /** How often the present command was sent; 0 between two. */
        private int attempt;

        private long target;

        void next() {
            if (stopped) {
                return;
            }
            write = dice.chance(500);
            lease = dice.chance(400);
            key = dice.nextInt(keys);
            value = write ? ++values : 0;
            number++;
            invoked = ++moments;
            send();
        }

        private void send() {
            attempt++;
            retried += attempt > 1 ? 1 : 0;
            long sentName = name;
            long sentNumber = number;
            int sentAttempt = attempt;
            SimulatedMember member = member();
            byte[] message = write ? Registers.command(name, number, key, value) : Registers.question(key);
            boolean writes = write;
            boolean leaseWillDo = lease;
            Host.Reply reply = new Host.Reply() {
                private boolean answered;

                @Override
                public void done(byte[] answer) {
                    if (answered) {
                        throw new Violation(Rule.LINEARIZABILITY, "a client was answered twice");
                    }
                    answered = true;
                    world.agenda().in(dice.between(0, 3), () -> {
                        if (name == sentName && number == sentNumber && attempt > 0) {
                            returned(Registers.value(answer));
                        }
                    });
                }

                @Override
                public void refused(long leader) {
                    world.agenda().in(dice.between(0, 3), () -> {
                        if (name == sentName && number == sentNumber && attempt == sentAttempt) {
                            target = leader;
                            world.agenda().in(dice.between(20, 150), () -> again(sentName, sentNumber, sentAttempt));
                        }
                    });
                }
            };
            world.agenda().in(dice.between(0, 3), () -> {
                if (writes) {
                    member.call(host -> host.submit(message, reply));
                } else {
                    member.call(host -> host.query(message, leaseWillDo, reply));
                }
            });
            world.agenda().in(PATIENCE_MILLIS, () -> {
                target = 0;
                again(sentName, sentNumber, sentAttempt);
            });
        }

        private SimulatedMember member() {
            SimulatedMember known = world.members().get(target);
            return known != null && known.isUp() ? known : dice.of(world.memberList());
        }

        private void again(long sentName, long sentNumber, int sentAttempt) {
            if (name != sentName || number != sentNumber || attempt != sentAttempt) {
                return;
            }
            if (attempt < ATTEMPTS) {
                send();
                return;
            }
            // Whether it takes effect, and when, nobody knows. Its name must not be used again: a later number would
            // hide it.
            history.add(operation(0, Operation.NEVER));
            name = ++names;
            number = 0;
            attempt = 0;
            rest();
        }

        private void returned(long result) {
            history.add(operation(result, ++moments));
            completed++;
            attempt = 0;
            rest();
        }

        private void rest() {
            int pause = world.setup().thinkMillis();
            world.agenda().in(dice.between(0, pause), this::next);
        }

        private Operation operation(long result, long returned) {
            return new Operation(name, key, write, value, result, invoked, returned);
        }
    }
}
