package dev.keelraft.testkit;

import dev.keelraft.model.Body;
import dev.keelraft.model.Message;
import dev.keelraft.model.MessageType;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The links between members. A message that is on its way arrives whatever becomes of its sender, and at whatever life of its
 * receiver is there then.
 */
final class Network {
    private static final int REMEMBERED = 400;

    /** No message is on its way for longer. */
    static final long LONGEST_MILLIS = 6_000;

    private final World world;
    private final Dice dice;
    private final Map<Long, Map<Long, Link>> links = new HashMap<>();

    /** What was sent long ago, to be repeated. */
    private final ArrayDeque<Message> old = new ArrayDeque<>();

    /** The same, answers that confirm reads: there are so many of these that nothing else would be left in the other one. */
    private final ArrayDeque<Message> oldConfirmations = new ArrayDeque<>();

    private int lossPermille;
    private int duplicationPermille;
    private int delayMillis;

    /** Rules of one or two places that are in force, by number. */
    private final Map<Integer, Cut> cuts = new HashMap<>();

    private int lastCut;
    private boolean healed;

    /** Who does not reach whom. */
    interface Cut {
        boolean separates(long from, long to);
    }

    private static final class Link {
        private long lastArrival;
    }

    Network(World world, Dice dice) {
        this.world = world;
        this.dice = dice;
    }

    void lose(int permille, long millis) {
        lossPermille = permille;
        world.agenda().in(millis, () -> lossPermille = 0);
    }

    void duplicate(int permille, long millis) {
        duplicationPermille = permille;
        world.agenda().in(millis, () -> duplicationPermille = 0);
    }

    void delay(int most, long millis) {
        delayMillis = most;
        world.agenda().in(millis, () -> delayMillis = 0);
    }

    void cut(Cut cut, long millis) {
        int number = ++lastCut;
        cuts.put(number, cut);
        world.agenda().in(millis, () -> cuts.remove(number));
    }

    /** Everything arrives from now on, soon and in order. */
    void heal() {
        healed = true;
        links.clear();
        cuts.clear();
        lossPermille = 0;
        duplicationPermille = 0;
        delayMillis = 0;
        old.clear();
        oldConfirmations.clear();
    }

    /** Sends again what was sent a while ago. */
    void replay(int count) {
        List<Message> remembered = new ArrayList<>(old);
        List<Message> confirmations = new ArrayList<>(oldConfirmations);
        for (int i = 0; i < count && !remembered.isEmpty(); i++) {
            boolean confirms = !confirmations.isEmpty() && dice.chance(250);
            Message message = dice.of(confirms ? confirmations : remembered);
            world.coverage().count(Coverage.Seen.REPLAYED);
            arriveIn(dice.between(0, 2_000), message);
        }
    }

    void send(Message message) {
        switch (message.type()) {
            case HEARTBEAT -> {
                // Nothing that a later one does not say.
            }
            case HEARTBEAT_RESPONSE -> {
                if (((Body.HeartbeatResponse) message.body()).context().length > 0) {
                    remember(oldConfirmations, message);
                }
            }
            default -> remember(old, message);
        }
        if (message.type() == MessageType.TIMEOUT_NOW && !healed && dice.chance(200)) {
            // Nobody waits for this one any more when it arrives.
            arriveIn(dice.between(500, 4_000), message);
            return;
        }
        if (!healed && isLost(message)) {
            world.coverage().count(Coverage.Seen.LOST);
            world.trace().lost(message);
            snapshotReport(message, false);
            return;
        }
        Link link = links.computeIfAbsent(message.from(), from -> new HashMap<>())
                .computeIfAbsent(message.to(), to -> new Link());
        long arrival = world.agenda().now() + dice.between(1, 5);
        if (delayMillis > 0) {
            arrival += dice.nextInt(delayMillis + 1);
        } else {
            // Without a fault the network keeps the order.
            arrival = Math.max(arrival, link.lastArrival);
        }
        if (arrival < link.lastArrival) {
            world.coverage().count(Coverage.Seen.OVERTAKEN);
        }
        link.lastArrival = Math.max(arrival, link.lastArrival);
        arriveIn(arrival - world.agenda().now(), message);
        if (dice.chance(duplicationPermille)) {
            world.coverage().count(Coverage.Seen.DUPLICATED);
            arriveIn(dice.between(1, 300), message);
        }
    }

    private static void remember(ArrayDeque<Message> some, Message message) {
        if (some.size() >= REMEMBERED) {
            some.remove();
        }
        some.add(message);
    }

    private boolean isLost(Message message) {
        if (dice.chance(lossPermille)) {
            return true;
        }
        for (Cut cut : cuts.values()) {
            if (cut.separates(message.from(), message.to())) {
                return true;
            }
        }
        return false;
    }

    private void arriveIn(long millis, Message message) {
        long sent = world.agenda().now();
        world.agenda().in(millis, () -> {
            SimulatedMember receiver = world.members().get(message.to());
            boolean arrives = false;
            if (receiver != null && receiver.isUp()) {
                arrives = true;
                world.trace().arrived(sent, message);
                if (receiver.startedAt() > sent) {
                    world.coverage().count(Coverage.Seen.ARRIVED_IN_A_LATER_LIFE);
                }
                receiver.call(host -> {
                    world.watch().hears(receiver, message);
                    world.beliefs().hears(receiver, message);
                    host.step(message);
                    world.watch().heard(receiver, message);
                });
                if (message.type() == MessageType.INSTALL_SNAPSHOT && !healed && dice.chance(30)) {
                    // The worst moment for a host to ask for this.
                    world.operator().campaign(receiver);
                }
            } else {
                world.trace().lost(message);
                unreachable(message);
            }
            snapshotReport(message, arrives);
        });
    }

    /* Transports notice that nobody is there, mostly. */
    private void unreachable(Message message) {
        SimulatedMember sender = world.members().get(message.from());
        if (sender != null && dice.chance(300)) {
            sender.call(host -> host.tell(node -> node.reportUnreachable(message.to())));
        }
    }

    /* And they know what became of the bulk of a snapshot; but for a few times, when the sender's host forgets to say it. */
    private void snapshotReport(Message message, boolean arrived) {
        SimulatedMember sender = world.members().get(message.from());
        if (message.type() != MessageType.INSTALL_SNAPSHOT || sender == null) {
            return;
        }
        world.coverage().count(Coverage.Seen.SNAPSHOT_SENT);
        if (dice.chance(950)) {
            int peers = dice.between(5, 300);
            world.agenda()
                    .in(
                            peers,
                            () -> sender.call(
                                    host -> host.tell(node -> LeaderWatch.report(node, message.to(), arrived))));
        }
    }
}
