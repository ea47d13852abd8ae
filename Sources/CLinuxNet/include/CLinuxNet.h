#ifndef TALLY_CLINUXNET_H
#define TALLY_CLINUXNET_H

#endif
