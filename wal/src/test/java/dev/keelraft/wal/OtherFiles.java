package dev.keelraft.wal;

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;

/** A file system like another one, but for one kind of call. */
final class OtherFiles {
    /** The call as it would be. */
    interface Call {
        Object make() throws IOException;
    }

    /** What becomes of a call on a path instead. */
    interface Otherwise {
        Object on(Path path, Call call) throws IOException;
    }

    private OtherFiles() {}

    /** These files, where a method of {@link FileLayer} with one path does something else. */
    static FileLayer with(FileLayer files, String name, Otherwise otherwise) {
        return (FileLayer) Proxy.newProxyInstance(
                FileLayer.class.getClassLoader(), new Class<?>[] {FileLayer.class}, (proxy, method, arguments) -> {
                    Call call = () -> {
                        try {
                            return method.invoke(files, arguments);
                        } catch (InvocationTargetException e) {
                            if (e.getCause() instanceof IOException cause) {
                                throw cause;
                            }
                            throw new AssertionError(e.getCause());
                        } catch (IllegalAccessException e) {
                            throw new AssertionError(e);
                        }
                    };
                    return method.getName().equals(name) ? otherwise.on((Path) arguments[0], call) : call.make();
                });
    }
}
