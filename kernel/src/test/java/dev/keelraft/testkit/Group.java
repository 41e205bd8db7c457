package dev.keelraft.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.keelraft.model.Message;
import dev.keelraft.model.MessageType;
import java.util.ArrayDeque;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.LongStream;

/**
 * A group of members in one thread, with a network that loses nothing but what is sent to or by a member that is cut off. At one
 * persist point, counted over all members, somebody dies and lives again; the story goes on.
 */
final class Group {
    /** So many ticks are enough for everything that may be waited for. */
    private static final int PATIENCE_TICKS = 500;

    /** Who dies. */
    enum Victim {
        /** The member that is at the persist point. */
        ONE,
        /** All of them: the power is gone. */
        ALL
    }

    private interface Step {
        void run() throws Exception;
    }

    private interface Condition {
        boolean holds() throws Exception;
    }

    private final Map<Long, Member> members = new TreeMap<>();
    private final Queue<Message> network = new ArrayDeque<>();
    private final Set<Long> cutOff = new HashSet<>();
    private final Victim victim;

    /** What the state machine is behind an index, on every member alike. */
    private final TreeMap<Long, Long> agreed = new TreeMap<>();

    private final Map<Long, Long> leaders = new TreeMap<>();

    /**
     * Starts a group.
     *
     * @param size how many members
     * @param name of the logs; the member's id is added
     * @param killSwitch when somebody dies
     */
    Group(int size, String name, Member.Door door, KillSwitch killSwitch, Victim victim) throws Exception {
        this.victim = victim;
        List<Long> voters = LongStream.rangeClosed(1, size).boxed().toList();
        for (long id : voters) {
            members.put(id, new Member(id, logName(name, id), voters, door, network, killSwitch));
        }
    }

    static String logName(String group, long id) {
        return group + "-member-" + id;
    }

    /** A group of one: entries of all sizes, and snapshots. */
    void liveAlone() throws Exception {
        propose(5, 20);
        propose(1, 5000);
        propose(12, 300);
        settle();
    }

    /** A group of three: a leader that is cut off with entries of its own, and a follower that later needs a snapshot. */
    void liveTogether() throws Exception {
        propose(4, 50);
        settle();

        Member old = leader();
        cutOff.add(old.id());
        for (int i = 0; i < 3; i++) {
            perform(old, () -> old.propose(payload(100, 7)));
        }
        runUntil(() -> findLeader().isPresent());
        propose(2, 200);
        cutOff.clear();
        settle();

        long follower = leader().id() % members.size() + 1;
        cutOff.add(follower);
        propose(12, 700);
        cutOff.clear();
        propose(2, 10);
        settle();
    }

    /** Every member is ended in order and started again, and finds everything; then the group goes on. */
    void restartAll() throws Exception {
        for (Member member : members.values()) {
            member.closeAndReopen();
        }
        propose(1, 10);
        settle();
    }

    void close() throws Exception {
        for (Member member : members.values()) {
            member.close();
        }
    }

    private void propose(int count, int bytes) throws Exception {
        for (int i = 0; i < count; i++) {
            boolean[] accepted = {false};
            byte[] data = payload(bytes, i);
            runUntil(() -> {
                if (!accepted[0] && findLeader().isPresent()) {
                    Member leader = leader();
                    perform(leader, () -> accepted[0] = leader.propose(data));
                }
                return accepted[0];
            });
            deliver();
        }
    }

    private static byte[] payload(int bytes, long seed) {
        byte[] data = new byte[bytes];
        new Random(seed).nextBytes(data);
        return data;
    }

    /** Waits until everybody has applied everything. */
    private void settle() throws Exception {
        runUntil(() -> {
            long end = agreed.isEmpty() ? 0 : agreed.lastKey();
            Optional<Member> leader = findLeader();
            return leader.isPresent()
                    && leader.get().model().lastIndex() >= end
                    && members.values().stream()
                            .allMatch(member -> member.appliedIndex()
                                    == leader.get().model().lastIndex());
        });
        for (Member member : members.values()) {
            member.check();
        }
    }

    private void runUntil(Condition condition) throws Exception {
        for (int tick = 0; !condition.holds(); tick++) {
            if (tick == PATIENCE_TICKS) {
                throw new AssertionError("the group makes no progress within " + PATIENCE_TICKS + " ticks: "
                        + members.values().stream()
                                .map(member -> member + " has applied " + member.appliedIndex() + " of "
                                        + member.model().lastIndex())
                                .toList());
            }
            for (Member member : members.values()) {
                perform(member, member::tick);
            }
            deliver();
        }
    }

    private void deliver() throws Exception {
        for (Message message = network.poll(); message != null; message = network.poll()) {
            if (!cutOff.contains(message.from()) && !cutOff.contains(message.to())) {
                deliver(message);
            }
        }
    }

    private void deliver(Message message) throws Exception {
        Member to = member(message.to());
        perform(to, () -> to.step(message));
        if (message.type() == MessageType.INSTALL_SNAPSHOT) {
            Member from = member(message.from());
            perform(from, () -> {
                from.node().reportSnapshot(message.to(), true);
                from.handleReadys();
            });
        }
    }

    private Member member(long id) {
        Member member = members.get(id);
        if (member == null) {
            throw new AssertionError("there is no member " + id);
        }
        return member;
    }

    /** Lets a member do something, which may be its end, or everybody's; then compares what it has done. */
    private void perform(Member member, Step step) throws Exception {
        try {
            step.run();
        } catch (KillSwitch.Killed killed) {
            if (victim == Victim.ALL) {
                network.clear();
                for (Member each : members.values()) {
                    each.crash();
                }
            } else {
                member.crash();
            }
        }
        compare(member);
    }

    private void compare(Member member) {
        if (member.leads()) {
            long term = member.node().status().hardState().term();
            Long other = leaders.putIfAbsent(term, member.id());
            if (other != null) {
                assertEquals(other, member.id(), () -> "two leaders of term " + term);
            }
        }
        member.takeSums().forEach((index, sum) -> {
            Long known = agreed.putIfAbsent(index, sum);
            if (known != null) {
                assertEquals(known, sum, () -> "members have applied different entries up to index " + index);
            }
        });
    }

    private Optional<Member> findLeader() {
        return members.values().stream()
                .filter(member -> !cutOff.contains(member.id()) && member.leads())
                .findFirst();
    }

    private Member leader() throws Exception {
        runUntil(() -> findLeader().isPresent());
        return findLeader().orElseThrow();
    }
}
