package dev.keelraft.testkit;

import dev.keelraft.model.Message;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/**
 * What happened, as one number that two equal runs share and no two others do, and, if somebody wants to see it, as a list.
 */
final class Trace {
    /** What a picture shows. */
    enum Kind {
        MESSAGE,
        LOST,
        START,
        STOP,
        POWER_LOSS,
        LEADS,
        COMMIT,
        FAULT,
        VIOLATION
    }

    /**
     * One thing.
     *
     * @param at when, or when it began
     * @param until when it was over
     * @param member where, or from whom
     * @param other to whom
     * @param text what
     */
    record Event(Kind kind, long at, long until, long member, long other, String text) {}

    private static final int MAX_EVENTS = 200_000;

    private final World world;
    private final boolean keeping;
    private final List<Event> events = new ArrayList<>();
    private long hash = 0x6b65656c;

    Trace(World world, boolean keeping) {
        this.world = world;
        this.keeping = keeping;
    }

    long hash() {
        return hash;
    }

    List<Event> events() {
        return events;
    }

    private void mix(int what, long a, long b, long c) {
        hash = Dice.mix(hash * 31 + what + world.agenda().now());
        hash = Dice.mix(hash ^ a * 0x9e3779b97f4a7c15L ^ b * 0xc2b2ae3d27d4eb4fL ^ c);
    }

    private void keep(Kind kind, long at, long until, long member, long other, String text) {
        if (keeping && events.size() < MAX_EVENTS) {
            events.add(new Event(kind, at, until, member, other, text));
        }
    }

    private void keep(Kind kind, long member, String text) {
        if (keeping) {
            keep(kind, world.agenda().now(), world.agenda().now(), member, 0, text);
        }
    }

    void sent(Message message) {
        mix(message.type().name().hashCode(), message.from(), message.to(), message.term());
    }

    void arrived(long sent, Message message) {
        mix(101, message.from(), message.to(), message.term());
        if (keeping) {
            keep(Kind.MESSAGE, sent, world.agenda().now(), message.from(), message.to(), message.toString());
        }
    }

    void lost(Message message) {
        mix(102, message.from(), message.to(), message.term());
        if (keeping) {
            keep(
                    Kind.LOST,
                    world.agenda().now(),
                    world.agenda().now(),
                    message.from(),
                    message.to(),
                    message.toString());
        }
    }

    void started(long member) {
        mix(103, member, 0, 0);
        keep(Kind.START, member, "starts");
    }

    void stopped(long member, boolean power) {
        mix(104, member, power ? 1 : 0, 0);
        keep(power ? Kind.POWER_LOSS : Kind.STOP, member, power ? "loses power" : "dies");
    }

    void leads(long member, long term) {
        mix(105, member, term, 0);
        keep(Kind.LEADS, member, Long.toString(term));
    }

    void committed(long member, long index) {
        mix(106, member, index, 0);
        keep(Kind.COMMIT, member, Long.toString(index));
    }

    void synced(long member, long index) {
        mix(107, member, index, 0);
    }

    void applied(long member, long index) {
        mix(108, member, index, 0);
    }

    /** A fault happens, to one member or, with 0, to more. */
    void fault(Fault fault, long member, Supplier<String> what) {
        mix(109, fault.kind().name().hashCode(), fault.member(), fault.other());
        if (keeping) {
            long millis = fault.kind().lasts() ? fault.millis() : 0;
            keep(Kind.FAULT, fault.at(), fault.at() + millis, member, 0, what.get());
        }
    }

    void violation(String text) {
        keep(Kind.VIOLATION, 0, text);
    }
}
