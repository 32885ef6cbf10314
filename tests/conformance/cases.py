"""The certification cases for central systems, each by its number and in our own words.

2.0.1: every case for the CSMS role. 1.6: those of the public certification list that concern the
central system, variants (`_1`, `_2`) included.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

BLOCKS: Final[Mapping[str, str]] = {
    "A": "Security",
    "B": "Provisioning",
    "C": "Authorization",
    "D": "Local authorization list",
    "E": "Transactions",
    "F": "Remote control",
    "G": "Availability",
    "H": "Reservation",
    "I": "Cost",
    "J": "Meter values",
    "K": "Smart charging",
    "L": "Firmware",
    "M": "Certificates",
    "N": "Diagnostics and monitoring",
    "O": "Display messages",
    "P": "Data transfer",
}


def _listed(text: str) -> dict[str, str]:
    return dict(line.split(maxsplit=1) for line in text.strip().splitlines())


V201: Final[Mapping[str, str]] = _listed("""
A_01 The right user name and password let a station in
A_02 A user name that is not the station's own is refused
A_03 A wrong password is refused
A_04 TLS with the server's certificate, in every cipher suite that is demanded
A_06 TLS older than 1.2 is refused
A_07 A good client certificate lets a station in
A_08 A bad client certificate does not
A_09 A new password, taken by the station
A_10 A new password, rejected by the station
A_11 The station's certificate is renewed on request
A_12 The V2G certificate is renewed on request
A_13 The combined certificate is renewed on request
A_14 The station rejects the signed certificate
A_19 The security profile is raised, and never falls back
B_01 A boot is accepted
B_02 A boot is pending, then accepted
B_06 One variable is read
B_07 Several variables are read
B_08 No more variables are read at once than the station takes
B_09 One variable is set
B_10 Several variables are set
B_12 A report of the configuration
B_13 A report of the full inventory
B_14 A summary report
B_18 A report of chosen components and variables
B_20 Reset without a transaction
B_21 Reset that waits for a transaction
B_22 Reset that ends a transaction
B_25 Reset of one EVSE
B_26 Reset of one EVSE that waits for its transaction
B_27 Reset of one EVSE that ends its transaction
B_30 Before acceptance only a boot is heard
B_31 A boot notification is asked for before acceptance
B_42 A network profile is set
B_44 A network profile fails
C_02 An unknown or invalid card is refused
C_06 A blocked card is refused
C_07 An expired card is refused
C_08 A card from the station's cache is judged again
C_20 A card that the cache holds wrongly is refused
C_37 The cache is cleared
C_38 The cache cannot be cleared
C_39 Another card of the group ends the transaction
C_40 Another card of the group ends it by the local list
C_43 A card that the local list calls invalid
C_47 A master pass ends all transactions
C_48 A master pass ends chosen transactions
C_49 A master pass at a station without a screen
C_50 A contract certificate checked by the station, good
C_51 A contract certificate checked by the station, revoked
C_52 A contract certificate checked by the CSMS, good
D_01 A full list is sent
D_02 A differential list adds
D_03 A differential list removes
D_04 An empty list is sent
D_08 The list's version is asked
D_09 There is no list
E_01 Start when the power path closes
E_02 Start when energy flows
E_03 Cable first
E_04 Card first
E_07 Stop when the power path opens
E_08 Stop when energy ends after a wish to stop
E_09 Start when the cable is plugged in
E_10 Start when the card is shown
E_11 Start with signed data
E_12 Start when a car parks
E_14 Stop when unplugged at the station
E_15 Stop by the driver at the station
E_16 Stop because the card is not good
E_17 Stop of a paused car that is unplugged
E_19 Stop when the car leaves the bay
E_20 Stop when unplugged at the car
E_21 Stop by the operator
E_22 Stop when the car suspends
E_26 Unplugged at the car, and on again
E_29 State of a running transaction with messages waiting
E_30 State of a running transaction without
E_31 State of an ended transaction with messages waiting
E_33 Any messages waiting
E_34 No messages waiting
E_38 The car is not ready
E_39 The car never comes
E_53 Sequence numbers may begin at 0 with each transaction
F_01 Remote start, cable first
F_02 Remote start that asks about the card
F_03 Remote start that does not ask
F_04 Remote start, no car comes
F_06 A connector is unlocked
F_11 Meter values of one EVSE are triggered
F_12 Meter values of all EVSEs are triggered
F_13 A transaction event of one EVSE is triggered
F_14 Transaction events of all EVSEs are triggered
F_15 The log's state is triggered
F_18 The firmware's state is triggered
F_20 A heartbeat is triggered
F_23 The status of a free connector is triggered
F_24 The status of an occupied connector is triggered
F_27 A trigger that the station cannot serve
G_03 An EVSE goes out of use
G_04 An EVSE comes back
G_05 The station goes out of use
G_06 The station comes back
G_07 A connector goes out of use
G_08 A connector comes back
G_11 An EVSE goes out of use after its transaction
G_14 The station goes out of use after its transactions
G_17 A connector goes out of use after its transaction
G_20 A lock fails
H_01 An EVSE is reserved and used
H_07 A reservation ends unused
H_08 Any EVSE is reserved
H_14 As many reservations as EVSEs
H_15 A kind of connector is reserved
H_17 A reservation is cancelled
H_19 Another card of the group uses a reservation
H_20 A faulty station gives a reservation up
H_22 A station takes no reservations
I_02 The driver sees the total cost, running and final
J_01 Clock-aligned values without a transaction
J_02 Clock-aligned values during one
J_03 Clock-aligned values at its end
J_04 Clock-aligned values, signed
J_07 The register at the start, EVSE known
J_08 The register at the start, EVSE known later
J_09 Sampled values during a transaction
J_10 Sampled values at its end
J_11 Sampled values, signed
K_01 A default profile for one EVSE
K_02 A transaction's profile without a transaction
K_03 The station's maximum
K_04 A profile replaces the one of its id
K_05 A profile is cleared by its id
K_06 Profiles are cleared by what they have in common
K_08 Nothing is there to clear
K_10 A default profile for all EVSEs
K_15 The station has no smart charging
K_19 A recurring profile
K_29 The station's own profiles are read
K_30 One EVSE's profiles are read
K_31 All profiles are read
K_32 A profile is read by its id
K_33 Profiles are read by level
K_34 Profiles are read by who set them
K_35 Profiles are read by purpose
K_36 Profiles are read by purpose and level
K_37 A remote start brings a profile
K_43 The composite schedule of an EVSE
K_44 The composite schedule of the station
K_48 An external limit is told
K_50 An external limit is lifted
K_51 An external limit is lifted while charging
K_52 An external limit is told as a profile
K_53 A car tells its needs and gets a schedule
K_55 A car's own schedule exceeds its limits
K_57 A car asks for another schedule
K_58 The operator changes a car's schedule
K_59 The operator changes it, and the car tells its needs again
K_60 A transaction's profile while it runs
K_70 Profiles on several levels
L_01 Signed firmware is installed
L_02 Installation at a later time
L_03 Download at a later time
L_04 The signing certificate is revoked
L_05 The signing certificate is invalid
L_06 The signature is wrong
L_07 The download fails
L_08 The verification fails
L_09 The installation fails
L_10 A newer update cancels a running one
L_11 A running update cannot be cancelled
L_13 The update waits for a transaction
L_17 A local controller publishes firmware
L_19 The published firmware has a wrong checksum
L_20 Publishing fails
L_21 Firmware is unpublished
L_22 There is nothing to unpublish
L_23 Firmware is being downloaded while it is unpublished
L_24 The controller cannot download the firmware
M_01 A CSMS root is installed
M_02 A manufacturer's root is installed
M_03 A V2G root is installed
M_04 A mobility operator's root is installed
M_05 A root is not installed
M_12 CSMS roots are listed
M_13 Manufacturers' roots are listed
M_14 V2G roots are listed
M_15 V2G chains are listed
M_16 Mobility operators' roots are listed
M_17 Two kinds are listed
M_18 All kinds are listed
M_19 There is none to list
M_20 A certificate is deleted
M_21 A certificate is not deleted
M_24 A certificate's status is fetched
M_26 A car's contract certificate is installed
M_28 A car's contract certificate is updated
N_01 Monitors are reported by kind
N_02 Monitors are reported by variable
N_03 Monitors are reported by kind and variable
N_05 The base of monitors is chosen
N_08 One monitor is set
N_09 Several monitors are set
N_16 The level of monitoring is set
N_17 The level is out of range
N_18 No more monitors are cleared at once than the station takes
N_24 A periodic monitor
N_25 The diagnostics log is uploaded
N_27 What is known of a customer is told
N_28 Nothing is known of a customer
N_29 The station will not tell
N_30 A customer's data is told and cleared
N_31 Nothing is told and cleared
N_32 A customer's data is cleared
N_34 A log is refused
N_35 The security log is uploaded
N_36 A second request for a log
N_44 A monitor is not cleared
N_46 A cleared customer leaves the local list
N_47 All monitors are reported
N_48 An alert of a write-only variable
N_49 A threshold is no longer crossed after a reboot
N_50 A periodic monitor triggers
N_60 Monitors of several variables are reported
N_62 A customer is named by identifier
N_63 A customer is named by certificate
O_02 All messages are read
O_03 There are no messages
O_04 A message is cleared
O_05 An unknown message is cleared
O_06 A message for a transaction
O_07 A message is read by id
O_08 Messages are read by priority
O_09 Messages are read by state
O_10 A message for an unknown transaction
O_11 No message has the id that is asked for
O_12 A message replaces another
O_13 A message from a time on
O_14 A message until a time
O_17 The priority is not supported
O_18 The state is not supported
O_19 The format is not supported
O_27 A message for a state
O_28 A transaction's message until a time
P_02 Data of an unknown vendor or message
P_03 Custom data in a known message
""")

V16: Final[Mapping[str, str]] = _listed("""
001 A boot is accepted
002 A boot is pending, then accepted
003 A session, cable first
004_1 A session, card first
004_2 A card is shown and no cable comes
005_1 Unplugged at the car, the session ends
007 A session with a cached card
010 Remote start, cable first
011_1 Remote start, then the cable
011_2 Remote start, no cable comes
012 Remote stop
013 Hard reset without a transaction
014 Soft reset without a transaction
015 Hard reset during a transaction
016 Soft reset during a transaction
017_1 A connector is unlocked
017_2 A fixed cable cannot be unlocked
018_1 A connector is unlocked during a session
019_1 All configuration is read
019_2 One key is read
021 A key is changed
023_1 An unknown card
023_2 An expired card
023_3 A blocked card
024 The lock fails
026 Remote start is rejected
028 Remote stop is rejected
030 Unlocking fails
031 An unknown connector is unlocked
032_1 A transaction is stopped after a power failure
036 The connection is lost during a transaction
037_1 A transaction began offline with a good card
037_3 A transaction began offline with a bad card
038 A transaction ended offline
039 A whole transaction took place offline
040_1 A key is not supported
040_2 A value is rejected
042_1 There is no local list
042_2 The local list is empty
043_1 Local lists are not supported
043_3 The local list fails
043_4 A full local list
043_5 A differential local list
044_1 Firmware is installed
044_2 The firmware's download fails
044_3 The firmware's installation fails
045_1 Diagnostics are uploaded
045_2 The upload of diagnostics fails
046 A reserved connector is used
047 A reservation expires
048_1 A faulty connector is not reserved
048_2 An occupied connector is not reserved
048_3 An unavailable connector is not reserved
048_4 A reservation is rejected
049 Any connector is reserved
051 A reservation is cancelled
052 A reservation is not cancelled
053 Another card of the group uses a reservation
054 Messages are triggered
055 A trigger is rejected
056 A default profile
057 A transaction's profile
058_1 A transaction's profile without a transaction
059 A remote start brings a profile
061 The cache is cleared
064 Data of a vendor
066 A composite schedule is read
067 Profiles are cleared
068 The card that began a session ends it
069 Another card of the group ends a session
070 Sampled values during a session
071 Clock-aligned values
072 Profiles on two levels
073 A new password
074 The charge point's certificate is renewed
075_1 A manufacturer's root is installed
075_2 A central system's root is installed
076 A certificate is deleted
077 A bad charge point certificate is told
078 A bad central system certificate is told
079 The security log is uploaded
080 Signed firmware is installed
081 The firmware's signature is wrong
083 The security profile is raised
084 Raising the security profile is rejected
085 User name and password
086 TLS with the server's certificate
087 TLS with certificates on both sides
088 The subprotocol is agreed on
""")


def block_of(case: str) -> str:
    """Return the heading of a case: its block in 2.0.1."""
    letter = case.partition("_")[0]
    return f"{letter} {BLOCKS[letter]}" if letter in BLOCKS else "OCPP 1.6"
