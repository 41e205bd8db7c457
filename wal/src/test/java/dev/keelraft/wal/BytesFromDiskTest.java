package dev.keelraft.wal;

import static org.assertj.core.api.Assertions.assertThat;

import dev.keelraft.wal.BytesFromDisk.Outcome;
import java.util.EnumSet;
import java.util.Random;
import java.util.Set;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Size;

/** Whatever stands in the files: an open comes to a verdict. */
class BytesFromDiskTest {
    @Property(tries = 500)
    void a_damaged_directory_leads_to_a_verdict(@ForAll @Size(max = 50) byte[] bytes) {
        assertThat(BytesFromDisk.take(bytes)).isNotNull();
    }

    /* Checksums made right again: half of them would otherwise refuse all. */
    @Example
    void damage_with_right_checksums_leads_to_every_verdict() {
        Set<Outcome> outcomes = EnumSet.noneOf(Outcome.class);
        for (int seed = 0; seed < 3_000; seed++) {
            Random random = new Random(seed * 7919L);
            byte[] bytes = new byte[2 + 6 * (1 + random.nextInt(3))];
            random.nextBytes(bytes);
            bytes[1] |= 1;
            try {
                outcomes.add(BytesFromDisk.take(bytes));
            } catch (RuntimeException | Error e) {
                throw new AssertionError("seed " + seed + ": " + e, e);
            }
        }
        assertThat(outcomes).containsExactlyInAnyOrder(Outcome.values());
    }

    @Property(tries = 150)
    void any_bytes_as_a_file_lead_to_a_verdict(@ForAll @Size(max = 9000) byte[] bytes) {
        for (String file : new String[] {"raft/IDENTITY", "raft/MARK", "raft/wal/0000000000000001.wal"}) {
            assertThat(BytesFromDisk.takeAs(file, bytes)).isNotEqualTo(Outcome.OPENED);
        }
        BytesFromDisk.takeAs("raft/OWNER", bytes);
        BytesFromDisk.takeAs("raft/wal/next.tmp", bytes);
    }
}
