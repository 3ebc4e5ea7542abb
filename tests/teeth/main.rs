//! The check has teeth: mutants of the hardware and of the golden model are told from the originals,
//! and a failing check leaves what it should. A check never seen failing proves nothing.
mod golden;
mod neighbours;
mod planted;
mod points;
mod proof;
mod rtl;
mod sat;
mod windows;
