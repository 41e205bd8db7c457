package dev.keelraft.testkit;

import java.nio.ByteBuffer;
import java.util.TreeMap;

/**
 * Registers that clients exchange the values of: each command puts a value and returns the one before, so that every command
 * shows which one came just before it, and one that took effect twice shows itself. Commands bear their client's name and number,
 * and take effect once however often they come.
 */
public final class Registers implements StateMachine {
    private static final int COMMAND_BYTES = 8 + 8 + 4 + 8;

    private final TreeMap<Integer, Long> values = new TreeMap<>();

    /** Of each client the number of its last command, and what it returned. */
    private final TreeMap<Long, long[]> sessions = new TreeMap<>();

    static byte[] command(long client, long number, int key, long value) {
        return ByteBuffer.allocate(COMMAND_BYTES)
                .putLong(client)
                .putLong(number)
                .putInt(key)
                .putLong(value)
                .array();
    }

    static byte[] question(int key) {
        return ByteBuffer.allocate(4).putInt(key).array();
    }

    static long value(byte[] answer) {
        return ByteBuffer.wrap(answer).getLong();
    }

    private static byte[] answer(long value) {
        return ByteBuffer.allocate(8).putLong(value).array();
    }

    @Override
    public byte[] apply(long index, byte[] command) {
        ByteBuffer in = ByteBuffer.wrap(command);
        long client = in.getLong();
        long number = in.getLong();
        long[] last = sessions.get(client);
        if (last != null && number <= last[0]) {
            return answer(last[1]);
        }
        Long before = values.put(in.getInt(), in.getLong());
        long result = before == null ? 0 : before;
        sessions.put(client, new long[] {number, result});
        return answer(result);
    }

    @Override
    public byte[] query(byte[] question) {
        return answer(values.getOrDefault(ByteBuffer.wrap(question).getInt(), 0L));
    }

    @Override
    public byte[] snapshot() {
        ByteBuffer out = ByteBuffer.allocate(8 + 12 * values.size() + 24 * sessions.size());
        out.putInt(values.size());
        values.forEach((key, value) -> out.putInt(key).putLong(value));
        out.putInt(sessions.size());
        sessions.forEach((client, last) -> out.putLong(client).putLong(last[0]).putLong(last[1]));
        return out.array();
    }

    @Override
    public void restore(byte[] snapshot) {
        values.clear();
        sessions.clear();
        ByteBuffer in = ByteBuffer.wrap(snapshot);
        for (int i = in.getInt(); i > 0; i--) {
            values.put(in.getInt(), in.getLong());
        }
        for (int i = in.getInt(); i > 0; i--) {
            sessions.put(in.getLong(), new long[] {in.getLong(), in.getLong()});
        }
    }
}
