package dev.keelraft.wal;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.constraints.Size;
import org.jspecify.annotations.Nullable;

/**
 * Interrupts before, during and after each call, on real files. None has any effect on the log, so the outcome of every call is
 * known: it is done. The interrupted status is the caller's, and stays.
 */
class InterruptTest {
    private enum Interrupt {
        NONE,
        BEFORE,
        DURING
    }

    @Property(tries = 15, shrinking = ShrinkingMode.OFF)
    void an_interrupt_at_any_moment_of_any_call_changes_nothing(
            @ForAll @Size(min = 5, max = 40) List<Interrupt> interrupts, @ForAll boolean spares) throws Exception {
        Path directory = Files.createTempDirectory("interrupts");
        Path data = directory.resolve("member");
        HostOracle oracle = new HostOracle();
        @Nullable Wal wal = null;
        int count = 0;
        try {
            for (HostStep step : HostScript.everything()) {
                LogState before = oracle.now(step.group());
                if (wal != null) {
                    step.prepare(wal); // the host's own files, whose channels an interrupt would close
                }
                oracle.hear("do " + step);
                @Nullable Wal open = wal;
                wal = interrupted(
                        interrupts.get(count++ % interrupts.size()), () -> take(step, open, data, before, spares));
                oracle.hear("ok");
                if (wal != null) {
                    assertThat(Driver.allOf(wal)).isEqualTo(oracle.now());
                }
            }
            oracle.check(data);
        } finally {
            if (wal != null) {
                wal.close();
            }
            Trees.delete(directory);
        }
    }

    private static @Nullable Wal take(HostStep step, @Nullable Wal wal, Path data, LogState before, boolean spares) {
        switch (step.kind()) {
            case CREATE -> {
                return Wal.create(data, HostOracle.IDENTITY, DoomedHost.options(1, spares));
            }
            case OPEN -> {
                return Wal.open(data, HostOracle.IDENTITY, DoomedHost.options(2, spares));
            }
            default -> step.doTo(Objects.requireNonNull(wal), before);
        }
        return step.kind() == HostStep.Kind.CLOSE ? null : wal;
    }

    private interface Call {
        @Nullable
        Wal make() throws IOException;
    }

    private static @Nullable Wal interrupted(Interrupt interrupt, Call call) throws Exception {
        if (interrupt != Interrupt.DURING) {
            if (interrupt == Interrupt.BEFORE) {
                Thread.currentThread().interrupt();
            }
            Wal wal = call.make();
            assertThat(Thread.interrupted()).isEqualTo(interrupt == Interrupt.BEFORE);
            return wal;
        }
        Thread caller = Thread.currentThread();
        AtomicBoolean done = new AtomicBoolean();
        CountDownLatch begun = new CountDownLatch(1);
        Thread interrupter = new Thread(() -> {
            begun.countDown();
            while (!done.get()) {
                caller.interrupt();
            }
        });
        interrupter.start();
        Wal wal;
        try {
            awaitUninterruptibly(begun);
            wal = call.make();
        } finally {
            done.set(true);
            joinUninterruptibly(interrupter);
        }
        assertThat(Thread.interrupted()).isTrue();
        return wal;
    }

    private static void awaitUninterruptibly(CountDownLatch latch) {
        while (latch.getCount() > 0) {
            Thread.onSpinWait();
        }
    }

    private static void joinUninterruptibly(Thread thread) {
        while (thread.isAlive()) {
            Thread.onSpinWait();
        }
    }
}
