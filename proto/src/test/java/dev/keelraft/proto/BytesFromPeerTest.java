package dev.keelraft.proto;

import static org.assertj.core.api.Assertions.assertThat;

import dev.keelraft.model.Message;
import dev.keelraft.model.MessageType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;

/**
 * Bytes that nobody vouches for, made from messages that etcd's members have written: the same target as that of the profile
 * {@code fuzz}, without its guidance by coverage. {@code -Dkeel.fuzz.tries=} makes it run for longer.
 */
class BytesFromPeerTest {
    private static final int TRIES = Integer.getInteger("keel.fuzz.tries", 20_000);

    /** The encodings of all recorded messages. */
    static List<byte[]> recorded() {
        List<byte[]> seeds = new ArrayList<>();
        for (String file : List.of("golden", "golden-3.5")) {
            for (Recorded.Value value : Recorded.values(file)) {
                if (value.type().equals("Message")) {
                    seeds.add(value.bytes());
                }
            }
        }
        return seeds;
    }

    @Example
    void recorded_messages_of_every_kind_are_survived() {
        Set<MessageType> kinds = EnumSet.noneOf(MessageType.class);
        recorded().forEach(bytes -> BytesFromPeer.take(bytes).map(Message::type).ifPresent(kinds::add));
        assertThat(kinds).containsExactlyInAnyOrder(MessageType.values());
    }

    @Property(tries = 1, shrinking = ShrinkingMode.OFF)
    void mutated_messages_are_refused_or_survived(@ForAll long seed) {
        Mutations mutations = new Mutations(recorded(), new Random(seed));
        long decoded = 0;
        for (int i = 0; i < TRIES; i++) {
            byte[] bytes = mutations.next();
            try {
                if (BytesFromPeer.take(bytes).isPresent()) {
                    decoded++;
                    mutations.keep(bytes);
                }
            } catch (RuntimeException | AssertionError e) {
                throw new AssertionError(Recorded.toHex(bytes), e);
            }
        }
        // Or it would be the decoder alone that is tested.
        assertThat(decoded).isGreaterThan(TRIES / 10);
    }

    /** Bytes that differ a little from some that were messages. */
    private static final class Mutations {
        private static final int KEPT = 2_000;

        private final List<byte[]> pool;
        private final int seeds;
        private final Random random;

        Mutations(List<byte[]> seeds, Random random) {
            this.pool = new ArrayList<>(seeds);
            this.seeds = seeds.size();
            this.random = random;
        }

        /** What decodes is a place to go on from. The recorded ones stay. */
        void keep(byte[] bytes) {
            if (pool.size() < seeds + KEPT) {
                pool.add(bytes);
            } else {
                pool.set(seeds + random.nextInt(KEPT), bytes);
            }
        }

        byte[] next() {
            byte[] bytes = any();
            for (int i = random.nextInt(4); i >= 0; i--) {
                bytes = mutate(bytes);
            }
            return bytes;
        }

        private byte[] any() {
            return pool.get(random.nextInt(random.nextBoolean() ? seeds : pool.size()));
        }

        private byte[] mutate(byte[] bytes) {
            int place = random.nextInt(bytes.length + 1);
            int length = Math.min(bytes.length - place, random.nextInt(8));
            return switch (random.nextInt(7)) {
                case 0 -> flip(bytes, place);
                case 1 -> joined(bytes, place, new byte[] {(byte) random.nextInt(256)}, Math.min(1, length));
                case 2 -> joined(bytes, place, new byte[0], length);
                case 3 -> joined(bytes, place, new byte[0], bytes.length - place);
                case 4 -> joined(bytes, place, varint(), random.nextInt(2) * Math.min(1, length));
                case 5 -> joined(bytes, place, piece(any()), 0);
                default -> joined(bytes, place, piece(bytes), length);
            };
        }

        private byte[] flip(byte[] bytes, int place) {
            byte[] flipped = bytes.clone();
            if (place < flipped.length) {
                flipped[place] ^= (byte) (1 << random.nextInt(8));
            }
            return flipped;
        }

        /** A number that is small, or near one of the limits of its type. */
        private byte[] varint() {
            long number = random.nextBoolean() ? random.nextInt(64) : (1L << random.nextInt(64)) - random.nextInt(2);
            byte[] bytes = new byte[10];
            int length = 0;
            while ((number & ~0x7FL) != 0) {
                bytes[length++] = (byte) (number | 0x80);
                number >>>= 7;
            }
            bytes[length++] = (byte) number;
            return Arrays.copyOf(bytes, length);
        }

        private byte[] piece(byte[] from) {
            int start = random.nextInt(from.length + 1);
            return Arrays.copyOfRange(from, start, start + random.nextInt(from.length - start + 1));
        }

        /** Puts something in the place of some bytes. */
        private static byte[] joined(byte[] bytes, int place, byte[] inserted, int removed) {
            byte[] result = new byte[bytes.length - removed + inserted.length];
            System.arraycopy(bytes, 0, result, 0, place);
            System.arraycopy(inserted, 0, result, place, inserted.length);
            int rest = bytes.length - place - removed;
            System.arraycopy(bytes, place + removed, result, place + inserted.length, rest);
            return result;
        }
    }
}
