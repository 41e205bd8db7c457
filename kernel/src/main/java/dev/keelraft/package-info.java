@NullMarked
package dev.keelraft;

import org.jspecify.annotations.NullMarked;
