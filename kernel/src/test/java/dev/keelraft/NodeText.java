package dev.keelraft;

import dev.keelraft.model.MessageType;
import java.lang.reflect.Array;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.random.RandomGenerator;

/**
 * All that a node remembers, as a text: every field of every object that it can reach, also what no accessor shows. Two texts are
 * equal if nothing has changed. Only its counters of dropped messages, its settings and its disk are left out.
 */
final class NodeText {
    private static final Set<String> LEFT_OUT = Set.of("dropped", "config", "storage");
    private static final Map<Class<?>, List<Field>> FIELDS = new HashMap<>();

    private final StringBuilder text = new StringBuilder();
    private final Set<Object> path = Collections.newSetFromMap(new IdentityHashMap<>());

    private NodeText() {}

    static String of(RawNode node) {
        NodeText walk = new NodeText();
        walk.write(node);
        return walk.text.toString();
    }

    private void write(Object value) {
        if (value == null || value instanceof Number || value instanceof Boolean || value instanceof Enum<?>) {
            text.append(value);
        } else if (value instanceof RandomGenerator) {
            text.append("random");
        } else if (value.getClass().isArray()) {
            writeArray(value);
        } else if (value instanceof Collection<?> collection) {
            writeAll(collection);
        } else if (!path.add(value)) {
            text.append("above");
        } else {
            text.append(value.getClass().getSimpleName()).append('{');
            for (Field field : fields(value.getClass())) {
                text.append(field.getName()).append('=');
                write(content(field, value));
                text.append('\n');
            }
            text.append('}');
            path.remove(value);
        }
    }

    private void writeArray(Object array) {
        text.append('[');
        for (int i = 0; i < Array.getLength(array); i++) {
            write(Array.get(array, i));
            text.append(' ');
        }
        text.append(']');
    }

    private void writeAll(Collection<?> values) {
        text.append('(');
        for (Object value : values) {
            write(value);
            text.append('\n');
        }
        text.append(')');
    }

    private static Object content(Field field, Object owner) {
        try {
            return field.get(owner);
        } catch (IllegalAccessException e) {
            throw new AssertionError(e);
        }
    }

    private static List<Field> fields(Class<?> type) {
        return FIELDS.computeIfAbsent(type, NodeText::findFields);
    }

    private static List<Field> findFields(Class<?> type) {
        if (!type.getName().startsWith(MessageType.class.getPackageName().replace(".model", ""))) {
            throw new AssertionError("how to write a " + type + "?");
        }
        List<Field> found = new ArrayList<>();
        for (Class<?> owner = type; owner != Object.class && owner != Record.class; owner = owner.getSuperclass()) {
            for (Field field : owner.getDeclaredFields()) {
                if (!Modifier.isStatic(field.getModifiers()) && !LEFT_OUT.contains(field.getName())) {
                    field.setAccessible(true);
                    found.add(field);
                }
            }
        }
        return List.copyOf(found);
    }
}
