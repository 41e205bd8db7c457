package dev.keelraft.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.Example;

/** M13: which numbers may be ids, and their order. */
class NodeIdTest {
    @Example
    void all_but_0_and_the_two_highest_unsigned_numbers_are_ids() {
        for (long valid : new long[] {1, 2, Long.MAX_VALUE, Long.MIN_VALUE, -4, -3}) {
            assertThat(NodeId.isValid(valid)).as(Long.toUnsignedString(valid)).isTrue();
            assertThat(NodeId.check(valid)).isEqualTo(valid);
        }
        for (long invalid : new long[] {0, -1, -2}) {
            assertThat(NodeId.isValid(invalid)).isFalse();
            assertThatThrownBy(() -> NodeId.check(invalid))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("not a node id: " + Long.toUnsignedString(invalid));
        }
    }

    @Example
    void ids_are_ordered_as_unsigned_numbers() {
        List<Long> ids = new ArrayList<>(List.of(-3L, 5L, Long.MIN_VALUE, 1L, Long.MAX_VALUE));
        ids.sort(NodeId.ORDER);
        assertThat(ids).containsExactly(1L, 5L, Long.MAX_VALUE, Long.MIN_VALUE, -3L);
        assertThat(NodeId.compare(1, -3)).isNegative();
        assertThat(NodeId.compare(-3, -4)).isPositive();
        assertThat(NodeId.compare(-3, -3)).isZero();
    }
}
