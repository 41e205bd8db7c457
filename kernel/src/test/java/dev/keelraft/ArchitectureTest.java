package dev.keelraft;

import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.fields;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaField;
import com.tngtech.archunit.core.domain.JavaFieldAccess;
import com.tngtech.archunit.core.domain.JavaMethodCall;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import java.io.IOException;
import java.io.InputStream;
import java.lang.module.ModuleDescriptor;
import java.lang.module.ModuleDescriptor.Exports;
import java.lang.module.ModuleDescriptor.Requires;
import java.lang.reflect.Member;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.net.URL;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/**
 * What the kernel may know (design: no IO, no thread, no clock, no chance of its own), and what its packages may know of each other.
 * "IO-free" and "deterministic" are claims about every class, so a test reads every class.
 */
class ArchitectureTest {
    private static final String FRONT = "dev.keelraft";
    private static final URL MAIN =
            RawNode.class.getProtectionDomain().getCodeSource().getLocation();
    private static final JavaClasses KERNEL = new ClassFileImporter().importUrl(MAIN);

    @Test
    void the_kernel_depends_on_the_language_and_its_collections_and_nothing_else() {
        classes()
                .should()
                .onlyDependOnClassesThat(resideInAnyPackage(
                        FRONT + "..",
                        "java.lang",
                        "java.util",
                        "java.util.function",
                        "java.util.random",
                        "java.util.stream",
                        "org.jspecify.annotations"))
                .because("it does no IO, starts no thread, reads no clock, logs nothing and runs on java.base alone")
                .check(KERNEL);
    }

    /** In the packages that it may use there are still doors to the outside, and to chance. */
    @Test
    void it_uses_no_thread_no_process_no_system_property_and_no_luck() {
        List<String> forbidden = List.of(
                "java.lang.Thread",
                "java.lang.ThreadLocal",
                "java.lang.InheritableThreadLocal",
                "java.lang.ThreadGroup",
                "java.lang.Runtime",
                "java.lang.Process",
                "java.lang.ProcessBuilder",
                "java.lang.ProcessHandle",
                "java.lang.System$Logger",
                "java.lang.StackWalker",
                "java.util.Random",
                "java.util.SplittableRandom",
                "java.util.UUID",
                "java.util.Timer",
                "java.util.TimerTask",
                "java.util.Date",
                "java.util.Calendar",
                "java.util.TimeZone",
                "java.util.Locale",
                "java.util.Scanner",
                "java.util.Formatter",
                "java.util.ServiceLoader",
                "java.util.ResourceBundle",
                "java.util.Properties");
        noClasses()
                .should()
                .dependOnClassesThat(new DescribedPredicate<>("belong to threads, processes, clocks or chance") {
                    @Override
                    public boolean test(JavaClass type) {
                        return forbidden.contains(type.getName());
                    }
                })
                .check(KERNEL);
        noClasses()
                .should()
                .callMethodWhere(new DescribedPredicate<>("it is one of System but arraycopy, or draws a number") {
                    @Override
                    public boolean test(JavaMethodCall call) {
                        return isForbidden(call);
                    }
                })
                .orShould()
                .accessFieldWhere(new DescribedPredicate<>("it is System.in, out or err") {
                    @Override
                    public boolean test(JavaFieldAccess access) {
                        return access.getTargetOwner().isEquivalentTo(System.class);
                    }
                })
                .check(KERNEL);
    }

    private static boolean isForbidden(JavaAccess<?> call) {
        JavaClass owner = call.getTargetOwner();
        String method = call.getName();
        if (owner.isEquivalentTo(System.class)) {
            return !method.equals("arraycopy");
        }
        if (owner.isAssignableTo(Math.class) || owner.isAssignableTo(StrictMath.class)) {
            return method.equals("random");
        }
        return Set.of("wait", "notify", "notifyAll", "parallel", "parallelStream")
                .contains(method);
    }

    /** What a hash table visits first depends on the run: on identities, or on the salt of {@code Set.of}. */
    @Test
    void nothing_is_kept_in_the_order_of_a_hash_table() {
        Set<String> tables = Set.of(
                "HashMap", "HashSet", "LinkedHashMap", "LinkedHashSet", "IdentityHashMap", "WeakHashMap", "Hashtable");
        noClasses()
                .should()
                .dependOnClassesThat(new DescribedPredicate<>("are hash tables") {
                    @Override
                    public boolean test(JavaClass type) {
                        return tables.contains(type.getSimpleName())
                                && type.getPackageName().equals("java.util");
                    }
                })
                .orShould()
                .callMethodWhere(new DescribedPredicate<>("it makes a Set or a Map in salted order") {
                    @Override
                    public boolean test(JavaMethodCall call) {
                        JavaClass owner = call.getTargetOwner();
                        boolean makes = List.of("of", "copyOf", "ofEntries").contains(call.getName());
                        boolean collects = owner.getSimpleName().equals("Collectors")
                                && !List.of("toList", "joining").contains(call.getName());
                        return collects
                                || (makes && (owner.isEquivalentTo(Set.class) || owner.isEquivalentTo(Map.class)));
                    }
                })
                .check(KERNEL);
    }

    /** Two groups in one JVM must not meet. */
    @Test
    void static_state_is_immutable() {
        fields().that()
                .areStatic()
                .and(new DescribedPredicate<>("are written by somebody") {
                    @Override
                    public boolean test(JavaField field) {
                        return !field.getModifiers().contains(JavaModifier.SYNTHETIC)
                                && !field.getOwner().getModifiers().contains(JavaModifier.SYNTHETIC);
                    }
                })
                .should()
                .beFinal()
                .andShould(
                        new ArchCondition<>(
                                "be of an immutable type, or an array that is private and empty or of constants") {
                            @Override
                            public void check(JavaField field, ConditionEvents events) {
                                if (!isImmutable(field)) {
                                    events.add(SimpleConditionEvent.violated(
                                            field, field.getDescription() + " is mutable"));
                                }
                            }
                        })
                .check(KERNEL);
    }

    private static boolean isImmutable(JavaField field) {
        JavaClass type = field.getRawType();
        if (type.isArray()) {
            return field.getModifiers().contains(JavaModifier.PRIVATE);
        }
        return type.isPrimitive()
                || type.isEquivalentTo(String.class)
                || type.isEquivalentTo(Comparator.class)
                || type.isEnum()
                || type.isRecord()
                || Set.of("MajorityConfig", "Membership").contains(type.getSimpleName());
    }

    /** Design README, decision 14. */
    @Test
    void packages_know_only_those_below_them() {
        layeredArchitecture()
                .consideringOnlyDependenciesInLayers()
                .layer("front")
                .definedBy(FRONT)
                .layer("tracker")
                .definedBy(FRONT + ".tracker")
                .layer("confchange")
                .definedBy(FRONT + ".confchange")
                .layer("quorum")
                .definedBy(FRONT + ".quorum")
                .layer("model")
                .definedBy(FRONT + ".model")
                .whereLayer("front")
                .mayNotBeAccessedByAnyLayer()
                .whereLayer("tracker")
                .mayOnlyBeAccessedByLayers("front")
                .whereLayer("confchange")
                .mayOnlyBeAccessedByLayers("front")
                .whereLayer("quorum")
                .mayOnlyBeAccessedByLayers("front", "tracker", "confchange")
                .ensureAllClassesAreContainedInArchitecture()
                .check(KERNEL);
        slices().matching(FRONT + ".(*)..").should().beFreeOfCycles().check(KERNEL);
        noClasses()
                .that(resideInAPackage(FRONT + ".model"))
                .should()
                .dependOnClassesThat(resideInAPackage(FRONT + "..").and(not(resideInAPackage(FRONT + ".model"))))
                .check(KERNEL);
    }

    /** House: inheritance is for the roles alone. */
    @Test
    void classes_are_final_or_sealed() {
        classes()
                .that(new DescribedPredicate<>("could be extended") {
                    @Override
                    public boolean test(JavaClass type) {
                        return !type.isInterface() && !type.isEnum() && !type.isAnonymousClass();
                    }
                })
                .should(new ArchCondition<>("be final or sealed") {
                    @Override
                    public void check(JavaClass type, ConditionEvents events) {
                        Class<?> loaded = type.reflect();
                        if (!Modifier.isFinal(loaded.getModifiers()) && !loaded.isSealed()) {
                            events.add(SimpleConditionEvent.violated(type, type.getName() + " can be extended"));
                        }
                    }
                })
                .check(KERNEL);
    }

    @Test
    void the_module_exports_two_packages_and_requires_nothing_at_run_time() throws IOException {
        ModuleDescriptor module;
        try (InputStream file = new URL(MAIN, "module-info.class").openStream()) {
            module = ModuleDescriptor.read(file);
        }
        assertThat(module.name()).isEqualTo("dev.keelraft.kernel");
        assertThat(module.exports()).extracting(Exports::source).containsExactlyInAnyOrder(FRONT, FRONT + ".model");
        assertThat(module.exports()).noneMatch(Exports::isQualified);
        assertThat(module.requires())
                .filteredOn(required -> !required.modifiers().contains(Requires.Modifier.STATIC))
                .extracting(Requires::name)
                .containsExactly("java.base");
        assertThat(module.requires())
                .filteredOn(required -> required.modifiers().contains(Requires.Modifier.STATIC))
                .allSatisfy(
                        required -> assertThat(required.modifiers()).isEqualTo(EnumSet.of(Requires.Modifier.STATIC)))
                .extracting(Requires::name)
                .containsExactly("org.jspecify");
        assertThat(module.opens()).isEmpty();
        assertThat(module.uses()).isEmpty();
        assertThat(module.provides()).isEmpty();
    }

    /** The compiler's lint for this is off (JSpecify's annotations would trip it), so a test stands in. */
    @Test
    void no_type_of_a_hidden_package_stands_in_the_api() {
        List<String> leaks = new ArrayList<>();
        for (JavaClass type : KERNEL) {
            Class<?> api = type.reflect();
            if (!isExported(api) || !isVisible(api)) {
                continue;
            }
            for (Method method : api.getDeclaredMethods()) {
                if (isVisible(method)) {
                    addLeaks(
                            leaks,
                            method,
                            Stream.concat(
                                    Stream.of(method.getReturnType()), Arrays.stream(method.getParameterTypes())));
                }
            }
            Arrays.stream(api.getDeclaredConstructors())
                    .filter(ArchitectureTest::isVisible)
                    .forEach(constructor ->
                            addLeaks(leaks, constructor, Arrays.stream(constructor.getParameterTypes())));
            Arrays.stream(api.getDeclaredFields())
                    .filter(ArchitectureTest::isVisible)
                    .forEach(field -> addLeaks(leaks, field, Stream.of(field.getType())));
        }
        assertThat(leaks).isEmpty();
    }

    private static void addLeaks(List<String> leaks, Member member, Stream<Class<?>> types) {
        types.map(type -> type.isArray() ? Objects.requireNonNull(type.getComponentType()) : type)
                .filter(type -> type.getName().startsWith(FRONT) && !(isExported(type) && isVisible(type)))
                .forEach(type -> leaks.add(member + " names " + type));
    }

    private static boolean isExported(Class<?> type) {
        return type.getPackageName().equals(FRONT) || type.getPackageName().equals(FRONT + ".model");
    }

    private static boolean isVisible(Class<?> type) {
        Class<?> outer = type.getEnclosingClass();
        return Modifier.isPublic(type.getModifiers()) && (outer == null || isVisible(outer));
    }

    private static boolean isVisible(Member member) {
        return (member.getModifiers() & (Modifier.PUBLIC | Modifier.PROTECTED)) != 0;
    }
}
