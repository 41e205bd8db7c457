package dev.keelraft;

import java.util.EnumMap;
import java.util.Map;
import net.jqwik.api.lifecycle.AroundPropertyHook;
import net.jqwik.api.lifecycle.PropagationMode;
import net.jqwik.api.lifecycle.PropertyExecutionResult;
import net.jqwik.api.lifecycle.PropertyExecutor;
import net.jqwik.api.lifecycle.PropertyLifecycleContext;

/**
 * Lets properties run for longer than a build should, and then say what they have done: {@code -Dkeel.fuzz.tries=1000000}. Without
 * that they are silent, and run as often as they say themselves.
 */
final class FuzzTries implements AroundPropertyHook {
    private static final Integer ASKED = Integer.getInteger("keel.fuzz.tries");
    private static final Map<StepResult, Long> STEPPED = new EnumMap<>(StepResult.class);

    static void count(StepResult result) {
        STEPPED.merge(result, 1L, Long::sum);
    }

    @Override
    public PropagationMode propagateTo() {
        return PropagationMode.ALL_DESCENDANTS;
    }

    @Override
    public PropertyExecutionResult aroundProperty(PropertyLifecycleContext context, PropertyExecutor property) {
        if (ASKED == null) {
            return property.execute();
        }
        context.attributes().setTries(ASKED);
        STEPPED.clear();
        long start = System.nanoTime();
        PropertyExecutionResult result = property.execute();
        System.out.printf(
                "%s: %d tries, %d s, messages stepped: %s%n",
                context.label(), result.countTries(), (System.nanoTime() - start) / 1_000_000_000, STEPPED);
        return result;
    }
}
